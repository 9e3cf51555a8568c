import { type ImagePackages, RELEASE_TABLE, type ReleaseFacts } from './release-table';

export type Release = keyof typeof RELEASE_TABLE;

/** What goes with each release. */
export const RELEASE_FACTS: Readonly<Record<Release, ReleaseFacts>> = RELEASE_TABLE;

/** The LLaMA-Factory releases the library knows, oldest first. */
export const RELEASES = Object.keys(RELEASE_TABLE) as readonly Release[];

/** Those of which LLaMA-Factory published an image. */
export const RELEASES_WITH_IMAGE = RELEASES.filter((release) => RELEASE_FACTS[release].image !== undefined);

/** The newest that there is an image of. */
export const DEFAULT_RELEASE = RELEASES_WITH_IMAGE.at(-1) as Release;
export const DEFAULT_IMAGE = RELEASE_FACTS[DEFAULT_RELEASE].image as ImagePackages;

const ORDER = Object.fromEntries(RELEASES.map((release, i) => [release, i])) as Readonly<Record<Release, number>>;

/** True for the release named and all newer ones. */
export function since(release: Release, first: Release): boolean {
  return ORDER[release] >= ORDER[first];
}

/** True for all releases older than the one named. */
export function before(release: Release, end: Release): boolean {
  return ORDER[release] < ORDER[end];
}

/** Releases in a row: those from `since` on that are older than `before` and no newer than `until`. */
export interface ReleaseRange {
  readonly since?: Release;
  readonly before?: Release;
  readonly until?: Release;
}

export function isIn(release: Release, range: ReleaseRange): boolean {
  if (range.since !== undefined && before(release, range.since)) return false;
  if (range.before !== undefined && since(release, range.before)) return false;
  return range.until === undefined || since(range.until, release);
}

/** The transformers of a run: its image's, where that is known, else the newest that its release allows. */
export function transformersOf(run: {
  readonly release: Release;
  readonly image?: { readonly transformers: string };
}): { readonly major: number; readonly minor: number } {
  const [major, minor = 0] = (run.image ?? RELEASE_FACTS[run.release]).transformers.split('.').map(Number);
  return { major: major ?? Number.NaN, minor };
}
