import { Size } from 'cdk8s';
import { Construct } from 'constructs';
import { type Finding, Severity } from './finding';
import type { Filling } from './model-cache';
import { makeClaim } from './private/claim';
import { constructPath } from './private/construct-name';
import { reportProblems } from './private/findings';
import { annotationProblems, directoryProblems, labelProblems, objectNameProblems } from './private/name-problems';
import { bytesOf } from './private/quantity';

/** Where adapters and checkpoints go. */
export interface SavesVolumeProps {
  /**
   * The claim's size. Less than the runs that write to it are planned to leave is an error.
   * @default - 20 GiB, doubled until it holds one and a half times what the program's runs are planned to leave. A claim
   * can't shrink, and not every StorageClass lets one grow: set it where many runs will share the volume
   */
  readonly size?: Size;
  /**
   * The StorageClass.
   * @default - the cluster's default
   */
  readonly storageClassName?: string;
  /**
   * Whether pods on several nodes may write at once; the StorageClass must be able to.
   * @default false
   */
  readonly readWriteMany?: boolean;
  /**
   * Labels of the claim, and of the Job and pod that fill it: runs share those, so a run's labels don't reach them.
   * @default - none beside the library's own
   */
  readonly labels?: { readonly [label: string]: string };
  /**
   * Annotations of the claim, and of the Job and pod that fill it.
   * @default - none beside those that keep the claim from being pruned
   */
  readonly annotations?: { readonly [annotation: string]: string };
}

/** A claim that exists in the cluster. */
export interface ExistingSavesProps {
  /** The PersistentVolumeClaim's name, in the namespace of the chart. */
  readonly claimName: string;
  /**
   * The directory inside the volume.
   * @default - its root
   */
  readonly subPath?: string;
  /**
   * Labels of the Job and pod that install packages into it: runs share them, so a run's labels don't reach them.
   * @default - none beside the library's own
   */
  readonly labels?: { readonly [label: string]: string };
  /**
   * Annotations of the Job and pod that install packages into it.
   * @default - none
   */
  readonly annotations?: { readonly [annotation: string]: string };
}

/**
 * A PersistentVolumeClaim for what training leaves: adapters, checkpoints, logs, curves. Every run writes to a
 * directory of its own, named by what its result depends on, so runs may share the volume.
 *
 * The claim stands in a chart of its own, `<chart>-storage`, and is marked against pruning: deleting the run's
 * manifests leaves it.
 */
export class SavesVolume extends Construct {
  /** A claim that exists already; nothing is made for it. */
  public static fromClaim(scope: Construct, id: string, props: ExistingSavesProps): SavesVolume {
    return new SavesVolume(scope, id, {}, props);
  }

  /** The name of the claim. */
  public readonly claimName: string;
  /** @internal */
  public readonly _subPath?: string;
  /** @internal */
  public readonly _existing: boolean;
  private readonly size?: Size;
  private readonly reserved: Array<{ readonly path: string; readonly bytes: number }> = [];
  /** @internal */
  public readonly _filling: Filling;

  /** @param existing - internal: what `fromClaim` was given */
  public constructor(scope: Construct, id: string, props: SavesVolumeProps = {}, existing?: ExistingSavesProps) {
    super(scope, id);
    this._existing = existing !== undefined;
    this._subPath = existing?.subPath;
    this.size = props.size;
    const { labels = {}, annotations = {} } = existing ?? props;
    this._filling = { labels, annotations };
    reportProblems(this, [
      ...labelProblems('labels', labels),
      ...annotationProblems('annotations', annotations),
      ...objectNameProblems('storageClassName', props.storageClassName || undefined),
      ...objectNameProblems('claimName', existing?.claimName),
      ...directoryProblems('subPath', existing?.subPath),
    ]);
    this.claimName =
      existing?.claimName ??
      makeClaim(this, {
        // Which runs will write here is known at synth.
        size: props.size ?? (() => this.plannedSize()),
        storageClassName: props.storageClassName,
        accessMode: props.readWriteMany ? 'ReadWriteMany' : 'ReadWriteOnce',
        labels,
        annotations,
      });
  }
  /**
   * Counts what a run will leave.
   * @internal
   */
  public _reserve(path: string, bytes: number): Finding[] {
    this.reserved.push({ path, bytes });
    const all = this.reserved.reduce((sum, run) => sum + run.bytes, 0);
    if (this.size === undefined || this._existing || all <= bytesOf(this.size)) return [];
    const sum = this.reserved.map((run) => `${run.path} ${gibibytes(run.bytes)}`).join(' + ');
    return [
      {
        id: 'saves-too-small',
        severity: Severity.ERROR,
        path: constructPath(this),
        key: 'size',
        message: `the runs leave more than the volume holds, checkpoints included: ${sum} GiB`,
        got: `${gibibytes(bytesOf(this.size))} GiB`,
        allowed: `at least ${gibibytes(all)} GiB`,
        change: 'set size higher, or save_total_limit lower; save_only_model leaves the optimizer out',
        source: 'docs/planning.md: host, disk',
      },
    ];
  }

  private plannedSize(): Size {
    const gibibytes = (SPARE * this.reserved.reduce((sum, run) => sum + run.bytes, 0)) / 2 ** 30;
    let size = SMALLEST;
    while (size < gibibytes) size *= 2;
    return Size.gibibytes(size);
  }
}

/** A claim can't shrink and seldom grow, so its size takes few steps: a run that changes a little leaves it. */
const SMALLEST = 20;
const SPARE = 1.5;

function gibibytes(bytes: number): string {
  return (Math.ceil((10 * bytes) / 2 ** 30) / 10).toFixed(1);
}
