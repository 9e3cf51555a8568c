import type { ApiObject } from 'cdk8s';

/** Argo CD applies a wave when everything of those before it is healthy; an object without the annotation is in 0. */
export const SYNC_WAVE = 'argocd.argoproj.io/sync-wave';

const waves = new WeakMap<ApiObject, number>();

/**
 * Puts a claim into the first wave in which a pod mounts it. Argo CD counts a claim as healthy once it is bound, and
 * most storage classes bind it when a pod is scheduled: in a wave before its first pod it would hold up all others.
 */
export function mountedInWave(claim: ApiObject | undefined, wave: number): void {
  if (claim === undefined) return;
  const known = waves.get(claim);
  const first = Math.min(wave, known ?? wave);
  waves.set(claim, first);
  if (first > 0 || known !== undefined) claim.metadata.addAnnotation(SYNC_WAVE, String(first));
}
