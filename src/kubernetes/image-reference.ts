/** The SHA-256 by which a registry knows an image for good. */
export const IMAGE_DIGEST = /^sha256:[0-9a-f]{64}$/;

/** What a reference says beside the image's name; a colon before the last slash is a port, not a tag. */
function partsOf(image: string): { readonly tag?: string; readonly digest?: string } {
  const at = image.indexOf('@');
  if (at >= 0) return { digest: image.slice(at + 1) };
  const [, tag] = /:([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})$/.exec(image) ?? [];
  return tag === undefined ? {} : { tag };
}

/** True for `name:tag` (but `latest`) and `name@sha256:…`. */
export function isPinned(image: string): boolean {
  const { tag, digest } = partsOf(image);
  if (digest !== undefined) return IMAGE_DIGEST.test(digest);
  return tag !== undefined && tag !== 'latest';
}

/** Tags that are made to be moved: branches, and stages of a release. */
const MOVING =
  /^(?:main|master|trunk|head|dev|devel|develop|development|edge|nightly|canary|rolling|stable|test|testing|staging|prod|production)$/i;

/** How a reference stays what it is: by its content, by a tag that could be moved, or by one that is made to be. */
export function holdOf(image: string): 'digest' | 'tag' | 'moving tag' {
  const { tag, digest } = partsOf(image);
  if (digest !== undefined) return 'digest';
  return MOVING.test(tag ?? '') ? 'moving tag' : 'tag';
}
