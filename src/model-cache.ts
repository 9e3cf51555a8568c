import { ApiObject, Chart, type Duration, JsonPatch, Size } from 'cdk8s';
import { Construct } from 'constructs';
import type { Filling } from './job/prepare-job';
import type { ModelLocation } from './job/request';
import { annotationProblems, directoryProblems, labelProblems, objectNameProblems } from './kubernetes/name-problems';
import { objectName } from './kubernetes/names';
import { type PlannedSpace, plannedSize, tooSmall } from './kubernetes/planned-space';
import { bytesOf, quantity } from './kubernetes/quantity';
import type { Model } from './model';
import { digest } from './run/digest';
import { type Problem, Severity } from './run/finding';
import { checkedProps } from './run/props';
import { Source } from './source';
import { KEEP, makeClaim, storageChart } from './tree/claim';
import { constructName, constructPath } from './tree/construct-name';
import { report, reportAtSynth, reportProblems } from './tree/findings';
import { labelsOf } from './tree/labels';

/** A cache that a CPU Job fills. */
export interface ModelCacheProps {
  /**
   * The claim's size. Less than the models and packages of the program's runs are planned to take is an error; data
   * sets that they fetch (`DatasetVolume.fromSource`) come on top.
   * @default - 60 GiB, doubled until it holds one and a half times what they take: two bytes a parameter, 30 GB for
   * Qwen3-14B. A claim can't shrink, and not every StorageClass lets one grow: set it where more models will follow
   */
  readonly size?: Size;
  /**
   * The StorageClass.
   * @default - the cluster's default
   */
  readonly storageClassName?: string;
  /**
   * Whether pods on several nodes may use it at once; the StorageClass must be able to.
   * @default false
   */
  readonly readWriteMany?: boolean;
  /**
   * Where the weights come from.
   * @default - ModelScope
   */
  readonly source?: Source;
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

/** A claim that holds the model already. */
export interface ExistingModelCacheProps {
  /** The PersistentVolumeClaim's name, in the namespace of the chart. */
  readonly claimName: string;
  /** The model's directory inside the volume: where its config.json is. */
  readonly modelPath: string;
  /**
   * What tells one state of the model from another: the run's identity can't see the files' bytes.
   * @default - none: a model changed in place continues the same run
   */
  readonly revision?: string;
}

/** A directory on a node's disk that holds the model already. */
export interface NodeModelCacheProps {
  /** The node, as `kubectl get nodes` shows it. */
  readonly hostname: string;
  /**
   * A directory on the node. As ModelScope leaves it, the directory with the owners in it:
   * `/home/me/.cache/modelscope/hub/models`.
   */
  readonly path: string;
  /**
   * The model's directory inside `path`: where its config.json is.
   * @default - as ModelScope lays it out: `Qwen/Qwen3-14B`, dots written as `___`
   */
  readonly modelPath?: string;
  /**
   * What tells one state of the model from another: the run's identity can't see the files' bytes.
   * @default - none: a model changed in place continues the same run
   */
  readonly revision?: string;
  /**
   * What the volume says of its size. Nothing checks it.
   * @default - 60 GiB
   */
  readonly size?: Size;
}

/** Where a model is that nothing here fetches. */
type Place = ({ kind: 'claim' } & ExistingModelCacheProps) | ({ kind: 'node' } & NodeModelCacheProps);

/** Props that stand for such a place: only this file can make them. */
class Given implements ModelCacheProps {
  public readonly source = undefined;

  public constructor(
    public readonly place: Place,
    public readonly problems: readonly Problem[],
  ) {}
}

/**
 * Where models live: a PersistentVolumeClaim that one CPU Job fills from a hub or a web server, an existing claim, or a
 * directory on a node's disk. Training pods mount it read-only and never download.
 *
 * The claim stands in a chart of its own, `<chart>-storage`, and is marked against pruning.
 */
export class ModelCache extends Construct {
  /** A claim that holds the model already; nothing is fetched. */
  public static fromClaim(scope: Construct, id: string, props: ExistingModelCacheProps): ModelCache {
    const { sound, problems } = checkedProps('ExistingModelCacheProps', props);
    return new ModelCache(
      scope,
      id,
      new Given({ kind: 'claim', claimName: 'unknown', modelPath: 'unknown', ...sound }, problems),
    );
  }

  /**
   * A directory on one node's disk, such as the ModelScope cache of a workstation that became a k3s server. A `local`
   * PersistentVolume and a claim bound to it are made; the pod mounts them read-only, so nothing in the directory is
   * touched, its owners and modes least of all. A `local` volume needs the chart's namespace to be set.
   */
  public static onNode(scope: Construct, id: string, props: NodeModelCacheProps): ModelCache {
    const { sound, problems } = checkedProps('NodeModelCacheProps', props);
    return new ModelCache(scope, id, new Given({ kind: 'node', hostname: 'unknown', path: '/', ...sound }, problems));
  }

  /** The name of the claim. */
  public readonly claimName: string;
  /** True if the library made the claim and fills it; false if the model is there already. */
  public readonly filled: boolean;
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
  /** @internal */
  public readonly _filling: Filling;
  private readonly planned: PlannedSpace = new Map();
  private readonly source: Source;
  private readonly modelPath?: string;
  private readonly revision?: string;
  private readonly onNode: boolean;

  public constructor(scope: Construct, id: string, asked: ModelCacheProps = {}) {
    super(scope, id);
    const given = asked instanceof Given ? asked.place : undefined;
    const { sound: props, problems } =
      asked instanceof Given
        ? { sound: {}, problems: asked.problems }
        : checkedProps<ModelCacheProps>('ModelCacheProps', asked);
    this.source = props.source ?? Source.modelScope();
    this.filled = given === undefined;
    this._existing = given?.kind === 'claim';
    this._sized = props.size !== undefined;
    this.onNode = given?.kind === 'node';
    this.modelPath = given?.modelPath;
    this.revision = given?.revision;
    const { labels = {}, annotations = {}, size } = props;
    this._filling = {
      labels,
      annotations,
      room: this.filled ? { smallest: SMALLEST, ...(size === undefined ? {} : { bytes: bytesOf(size) }) } : undefined,
      deadlineSeconds: props.prepareDeadline?.toSeconds(),
    };
    this._readWriteMany = given === undefined ? (props.readWriteMany ?? false) : undefined;
    reportProblems(this, [
      ...problems,
      ...labelProblems('labels', labels),
      ...annotationProblems('annotations', annotations),
      ...objectNameProblems('storageClassName', props.storageClassName || undefined),
      ...(given === undefined ? sourceProblems(this.source) : givenProblems(given)),
    ]);
    reportAtSynth(this, () =>
      tooSmall(this.planned, props.size, {
        id: 'model-cache-too-small',
        message: 'the models and packages take more than the volume holds',
        change: 'set size higher, or leave it out',
      }),
    );
    this.claimName =
      given === undefined
        ? makeClaim(this, {
            // Which models will stand here is known at synth.
            size: props.size ?? (() => plannedSize(this.planned, SMALLEST)),
            storageClassName: props.storageClassName,
            accessMode: props.readWriteMany ? 'ReadWriteMany' : 'ReadWriteOnce',
            labels,
            annotations,
          })
        : given.kind === 'claim'
          ? given.claimName
          : this.makeLocalVolume(given);
  }

  /** @internal */
  public _locate(model: Model): ModelLocation {
    if (!this.filled) {
      const directory =
        this.modelPath ?? (this.onNode ? modelScopeDirectory(model._repositoryOn('modelscope')) : model.repository);
      return { directory, identity: { claim: this.claimName, directory, revision: this.revision } };
    }
    const what = this.source._model(model);
    const place = 'files' in what ? [digest(what['files'])] : [what['repository'], what['revision']];
    return {
      directory: [what['hub'], ...place].join('/'),
      fetch: { origin: this.source._origin, what },
      identity: what,
    };
  }

  /**
   * Counts a model, or packages, that will stand here.
   * @internal
   */
  public _reserve(name: string, bytes: number): void {
    this.planned.set(name, bytes);
  }

  private makeLocalVolume(props: NodeModelCacheProps): string {
    const { namespace } = Chart.of(this);
    if (namespace === undefined) {
      report(this, [
        {
          id: 'local-volume-needs-namespace',
          severity: Severity.ERROR,
          path: constructPath(this),
          key: 'namespace',
          message: 'a local PersistentVolume names the claim it is for by namespace, and the chart has none',
          change: "give the chart one: new Chart(app, 'finetune', { namespace: 'ml' })",
        },
      ]);
    }
    if (!props.path.startsWith('/')) {
      report(this, [
        {
          id: 'relative-path',
          severity: Severity.ERROR,
          path: constructPath(this),
          key: 'path',
          message: 'a directory on a node is named from its root',
          got: props.path,
          allowed: 'a path that begins with /',
        },
      ]);
    }
    const size = props.size ?? Size.gibibytes(SMALLEST);
    // What a volume is can't be changed once it exists, nor what a claim is bound to: another directory is another of
    // both. So the name also tells runs which bytes they were trained from.
    const suffix = digest({ hostname: props.hostname, path: props.path });
    const claimName = constructName(this, { suffix });
    // PersistentVolumes have no namespace, so their names carry it.
    const volumeName = objectName([namespace ?? 'default', constructName(this)], { suffix });
    const volume = new ApiObject(storageChart(this), volumeName, {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: volumeName, labels: labelsOf(this), annotations: { ...KEEP } },
      spec: {
        capacity: { storage: quantity(size) },
        accessModes: ['ReadOnlyMany'],
        persistentVolumeReclaimPolicy: 'Retain',
        claimRef: {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          namespace: namespace ?? 'default',
          name: claimName,
        },
        local: { path: props.path },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [props.hostname] }] },
            ],
          },
        },
      },
    });
    // cdk8s gives every object of a chart its namespace, and a PersistentVolume has none.
    if (namespace !== undefined) volume.addJsonPatch(JsonPatch.remove('/metadata/namespace'));
    return makeClaim(this, {
      name: claimName,
      size,
      storageClassName: '',
      accessMode: 'ReadOnlyMany',
      volumeName,
    });
  }
}

/** GiB. */
const SMALLEST = 60;

function sourceProblems(source: Source): Problem[] {
  const { _origin: origin } = source;
  if (!('files' in origin) || 'config.json' in origin.files) return source._problems;
  return [
    ...source._problems,
    {
      id: 'invalid-source',
      key: 'source.files',
      message: 'a model is a folder with a config.json, its weights as safetensors and a tokenizer',
      got: Object.keys(origin.files).join(', '),
      allowed: 'config.json among the files',
    },
  ];
}

function givenProblems(given: Place): Problem[] {
  return [
    ...directoryProblems('modelPath', given.modelPath),
    ...(given.kind === 'claim'
      ? objectNameProblems('claimName', given.claimName)
      : objectNameProblems('hostname', given.hostname)),
  ];
}

/** ModelScope's cache writes the dots of a repository's name as three underscores. */
function modelScopeDirectory(repository: string): string {
  const [owner = '', ...name] = repository.split('/');
  return [owner, name.join('/').replaceAll('.', '___')].join('/');
}
