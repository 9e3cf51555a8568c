import type { Release } from '../run/releases';

/** A function of the release that works its result out when a release is first asked for. */
export function byRelease<T extends object>(work: (release: Release) => T): (release: Release) => T {
  const known = new Map<Release, T>();
  return (release) => {
    let result = known.get(release);
    if (result === undefined) {
      result = work(release);
      known.set(release, result);
    }
    return result;
  };
}
