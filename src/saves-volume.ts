import type { Duration, Size } from 'cdk8s';
import { Construct } from 'constructs';
import type { Filling } from './job/prepare-job';
import { annotationProblems, directoryProblems, labelProblems, objectNameProblems } from './kubernetes/name-problems';
import { type PlannedSpace, plannedSize, tooSmall } from './kubernetes/planned-space';
import { bytesOf } from './kubernetes/quantity';
import type { Problem } from './run/finding';
import { checkedProps } from './run/props';
import { makeClaim } from './tree/claim';
import { reportAtSynth, reportProblems } from './tree/findings';

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
   * The longest that the Job which fills it may take: all tries, waiting for a node and pulling the image included. At
   * its end the Job fails, and training that waits for it ends and gives its GPUs back.
   * @default - an hour, one more for packages, and what is fetched at 1 MB a second: a model takes one and a half times
   * its planned weights, data the volume's size
   */
  readonly prepareDeadline?: Duration;
  /**
   * Labels of the claim, and of the Job and pod that fill it.
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
   * The longest that the Job which fills it may take: all tries, waiting for a node and pulling the image included. At
   * its end the Job fails, and training that waits for it ends and gives its GPUs back.
   * @default - an hour, one more for packages, and what is fetched at 1 MB a second: a model takes one and a half times
   * its planned weights, data 64 GiB
   */
  readonly prepareDeadline?: Duration;
  /**
   * Labels of the Job and pod that install packages into it.
   * @default - none beside the library's own
   */
  readonly labels?: { readonly [label: string]: string };
  /**
   * Annotations of the Job and pod that install packages into it.
   * @default - none
   */
  readonly annotations?: { readonly [annotation: string]: string };
}

/** Props that stand for a claim that exists: only this file can make them. */
class Existing implements SavesVolumeProps {
  public readonly size = undefined;

  public constructor(
    public readonly claim: ExistingSavesProps,
    public readonly problems: readonly Problem[],
  ) {}
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
    const { sound, problems } = checkedProps('ExistingSavesProps', props);
    return new SavesVolume(scope, id, new Existing({ claimName: 'unknown', ...sound }, problems));
  }

  /** The name of the claim. */
  public readonly claimName: string;
  /** @internal */
  public readonly _subPath?: string;
  /** @internal */
  public readonly _existing: boolean;
  /**
   * Whether its size was given.
   * @internal
   */
  public readonly _sized: boolean;
  /**
   * Whether pods on several nodes may use it at once; undefined: not known.
   * @internal
   */
  public readonly _readWriteMany?: boolean;
  private readonly planned: PlannedSpace = new Map();
  /** @internal */
  public readonly _filling: Filling;

  public constructor(scope: Construct, id: string, given: SavesVolumeProps = {}) {
    super(scope, id);
    const existing = given instanceof Existing ? given.claim : undefined;
    const { sound: props, problems } =
      given instanceof Existing
        ? { sound: {}, problems: given.problems }
        : checkedProps<SavesVolumeProps>('SavesVolumeProps', given);
    this._existing = existing !== undefined;
    this._sized = props.size !== undefined;
    this._subPath = existing?.subPath;
    const { labels = {}, annotations = {}, prepareDeadline } = existing ?? props;
    const { size } = props;
    this._filling = {
      labels,
      annotations,
      room: this._existing
        ? undefined
        : { smallest: SMALLEST, ...(size === undefined ? {} : { bytes: bytesOf(size) }) },
      deadlineSeconds: prepareDeadline?.toSeconds(),
    };
    this._readWriteMany = existing === undefined ? (props.readWriteMany ?? false) : undefined;
    reportProblems(this, [
      ...problems,
      ...labelProblems('labels', labels),
      ...annotationProblems('annotations', annotations),
      ...objectNameProblems('storageClassName', props.storageClassName || undefined),
      ...objectNameProblems('claimName', existing?.claimName),
      ...directoryProblems('subPath', existing?.subPath),
    ]);
    reportAtSynth(this, () =>
      tooSmall(this.planned, props.size, {
        id: 'saves-too-small',
        message: 'the runs leave more than the volume holds, checkpoints included',
        change: 'set size higher, or save_total_limit lower; save_only_model leaves the optimizer out',
      }),
    );
    this.claimName =
      existing?.claimName ??
      makeClaim(this, {
        // Which runs will write here is known at synth.
        size: props.size ?? (() => plannedSize(this.planned, SMALLEST)),
        storageClassName: props.storageClassName,
        accessMode: props.readWriteMany ? 'ReadWriteMany' : 'ReadWriteOnce',
        labels,
        annotations,
      });
  }

  /**
   * Counts what a run will leave, or what is installed there.
   * @internal
   */
  public _reserve(name: string, bytes: number): void {
    this.planned.set(name, bytes);
  }
}

/** GiB. */
const SMALLEST = 20;
