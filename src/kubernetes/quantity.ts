import { type Size, SizeRoundingBehavior } from 'cdk8s';

/** A size as Kubernetes writes it: `60Gi`, or `1536Mi` where it isn't whole. */
export function quantity(size: Size): string {
  return bytesQuantity(bytesOf(size));
}

/** Bytes as Kubernetes writes them, rounded up to whole mebibytes. */
export function bytesQuantity(bytes: number): string {
  const mebibytes = Math.ceil(bytes / 2 ** 20);
  return mebibytes % 1024 === 0 ? `${mebibytes / 1024}Gi` : `${mebibytes}Mi`;
}

/** A size in bytes. */
export function bytesOf(size: Size): number {
  return size.toKibibytes({ rounding: SizeRoundingBehavior.NONE }) * 1024;
}
