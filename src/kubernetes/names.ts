import { digest } from '../run/digest';

/**
 * The longest name of a Job. Its pods get a suffix of their own, and an Indexed Job's or a JobSet's pods a longer one,
 * and all of it must fit a label of 63.
 */
export const JOB_NAME_LENGTH = 40;

/** The longest name of anything else: a DNS label. */
export const NAME_LENGTH = 63;

/**
 * A DNS label from parts of any length and script, readable where it can be. Where something had to be left out
 * (capitals, other scripts, length), six digits of a hash keep two such names apart.
 * @param suffix what must stand at the end, a digest for instance
 * @param keepEnd whether a name that is too long keeps its end, in which the runs of a sweep differ, before its beginning
 */
export function objectName(
  parts: readonly string[],
  options: { maxLength?: number; suffix?: string; keepEnd?: boolean } = {},
): string {
  const ending = options.suffix === undefined ? '' : `-${options.suffix}`;
  const room = (options.maxLength ?? NAME_LENGTH) - ending.length;
  const slugs = parts.map(slug);
  const readable = slugs.filter((part) => part !== '').join('-');
  const lossless = readable !== '' && slugs.every((part, i) => part === parts[i]) && readable.length <= room;
  if (lossless) return readable + ending;
  const hash = digest(parts).slice(0, 6);
  const short = room - hash.length - 1;
  const kept = options.keepEnd ? ends(readable, short) : readable.slice(0, short).replace(/-$/, '');
  return (kept === '' ? `run-${hash}` : `${kept}-${hash}`) + ending;
}

/** As many whole words of the end as have room, then of the beginning; of one long word the beginning and the end. */
function ends(text: string, room: number): string {
  if (text.length <= room) return text;
  // One more, so that a word that just fits is whole.
  const [, last] = /^[^-]*-(.*)$/.exec(text.slice(-room - 1)) ?? [];
  if (last === undefined) {
    const half = Math.floor(room / 2);
    return `${text.slice(0, half)}${text.slice(half - room)}`;
  }
  const left = room - last.length - 1;
  const first = text.charAt(left) === '-' ? text.slice(0, left) : text.slice(0, left).replace(/(^|-)[^-]*$/, '');
  return left <= 0 || first === '' ? last : `${first}-${last}`;
}

/** Lower-case letters, digits and single hyphens; empty if nothing of the text can stay. */
export function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}
