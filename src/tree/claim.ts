import { ApiObject, Chart, Lazy, type Size } from 'cdk8s';
import type { Construct } from 'constructs';
import { quantity } from '../kubernetes/quantity';
import { constructName } from './construct-name';
import { report } from './findings';
import { labelsOf } from './labels';

/** What a PersistentVolumeClaim asks for. */
export interface ClaimSpec {
  /** A function is asked at synth, when all that counts is known. */
  readonly size: Size | (() => Size);
  readonly storageClassName?: string;
  readonly accessMode: 'ReadWriteOnce' | 'ReadWriteMany' | 'ReadOnlyMany';
  /** The PersistentVolume it must bind to; undefined: any. */
  readonly volumeName?: string;
  /** The claim's name. @default - that of the construct */
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * What keeps data when manifests go: Argo CD and Flux leave the object when it vanishes from the source, Helm when its
 * release is removed.
 */
export const KEEP: Readonly<Record<string, string>> = {
  'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
  'kustomize.toolkit.fluxcd.io/prune': 'disabled',
  'helm.sh/resource-policy': 'keep',
};

/**
 * The chart beside a construct's own that holds its storage, so that `kubectl delete -f` of the run's file leaves the
 * data alone. All constructs of a chart share it.
 */
export function storageChart(construct: Construct): Chart {
  return chartBeside(construct, 'storage');
}

/** A chart beside a construct's own, made when it is first asked for: a file of its own in the same namespace. */
export function chartBeside(construct: Construct, part: 'storage' | 'train'): Chart {
  const chart = Chart.of(construct);
  const scope = chart.node.scope ?? chart;
  const id = `${chart.node.id}-${part}`;
  const known = scope.node.tryFindChild(id);
  if (known !== undefined) return known as Chart;
  return new Chart(scope, id, { namespace: chart.namespace, labels: chart.labels });
}

/** The claim that a construct has made; undefined if it was given one that exists. */
export function claimObject(
  volume: Construct & { readonly claimName: string; readonly _existing: boolean },
): ApiObject | undefined {
  return volume._existing ? undefined : (storageChart(volume).node.findChild(volume.claimName) as ApiObject);
}

/**
 * Makes the claim in the storage chart, called after the construct without a digest: its data outlives every run.
 * As a plain object, since cdk8s-plus takes whole gibibytes only and has no `local` volumes to bind to.
 */
export function makeClaim(construct: Construct, spec: ClaimSpec): string {
  const name = spec.name ?? constructName(construct);
  // Nothing is wrong with it, but from now on the tree is checked: two objects of one name are found without a run too.
  report(construct, []);
  new ApiObject(storageChart(construct), name, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name,
      labels: { ...spec.labels, ...labelsOf(construct) },
      annotations: { ...spec.annotations, ...KEEP },
    },
    spec: {
      accessModes: [spec.accessMode],
      resources: { requests: { storage: storageOf(spec.size) } },
      storageClassName: spec.storageClassName,
      volumeName: spec.volumeName,
    },
  });
  return name;
}

function storageOf(size: Size | (() => Size)): unknown {
  return typeof size === 'function' ? Lazy.any({ produce: () => quantity(size()) }) : quantity(size);
}
