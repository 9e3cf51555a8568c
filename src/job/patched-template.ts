import type { PodTemplateSpec } from 'kubernetes-types/core/v1';
import { attempt } from '../judge/guarded';
import { type PatchablePod, type PatchedPod, patchedPod } from '../kubernetes/patched-pod';
import type { Mapping } from '../run/run';

/** A pod's template after the user's patch, if there is one; a patch that breaks the merge is a finding. */
export function patchedTemplate(
  path: string,
  template: PodTemplateSpec,
  patch: Mapping | undefined,
  pod: PatchablePod,
): PatchedPod {
  if (patch === undefined) return { template, findings: [], named: [] };
  const merged = attempt(path, pod.prop, () => patchedPod(path, template, patch, pod));
  return 'value' in merged ? merged.value : { template, findings: [merged.failed], named: [] };
}
