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

/**
 * Whether a reference goes by a tag that is made to be moved: `main`, `stable`, `cuda`. A tag with a digit in it, a version,
 * date or commit, is taken for one that stays.
 */
export function hasMovingTag(image: string): boolean {
  const { tag } = partsOf(image);
  return tag !== undefined && !/\d/.test(tag);
}
