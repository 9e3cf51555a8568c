import { zero3File } from '../deepspeed/zero3-config';
import { type Judgement, judge, type Written } from '../judge/judge';
import { objectName } from '../kubernetes/names';
import { networkTrackers } from '../kubernetes/network-policy';
import type { PodUser } from '../kubernetes/pod-template';
import { type PodResources, podCpus, podResources, preflightResources } from '../kubernetes/resources';
import { runtimeFile } from '../kubernetes/runtime-file';
import { gpuRequestOf } from '../kubernetes/scheduling';
import { PATHS } from '../kubernetes/training-pod';
import { argumentsOf } from '../llamafactory/arguments';
import { isOn } from '../llamafactory/effective-arguments';
import { plannedModel } from '../llamafactory/unplanned';
import { type PlanNumbers, planNumbers } from '../planning/plan';
import { settingsOf } from '../planning/settings';
import { digest } from '../run/digest';
import type { Mapping, Run } from '../run/run';
import { runDigest } from './identity';
import type { FetchInto, MountedAdapter, MountedDataset, RequestedClaim, RunRequest } from './request';
import { smokeRun } from './smoke-config';
import { type SettledStrategy, settleStrategy } from './strategy';

/** A run with every default filled in: all that its objects are made from. */
export interface ResolvedRun extends RunRequest {
  readonly run: Run;
  readonly written: Required<Written>;
  readonly judged: Judgement;
  readonly settled: SettledStrategy;
  readonly runDigest: string;
  readonly outputDirectory: string;
  /** The adapter to go on from, one that is fetched where the prepare Job puts it. */
  readonly adapter?: PlacedAdapter;
  /** All data sets, those that are fetched where the prepare Job puts them. */
  readonly datasets: readonly MountedDataset[];
  /** The volume that the prepare Job fills. */
  readonly target: RequestedClaim & { readonly mountPath: string };
  /** What the prepare Job installs; undefined: nothing. */
  readonly requirements: string | undefined;
  /** The plan's numbers; of a run that can't be planned those of the model alone. */
  readonly numbers: PlanNumbers;
  readonly resources: PodResources;
  /** What the preflight pod asks for; undefined: there is none. */
  readonly preflightResources: PodResources | undefined;
  /** A few steps on the longest samples before the run; undefined: none are taken. */
  readonly smokeRun: Run | undefined;
  readonly env: Readonly<Record<string, string>>;
  /** The trackers that it reports to over the network. */
  readonly trackers: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly imagePullSecrets: readonly string[];
  readonly user: PodUser;
  readonly backoffLimit: number;
  /** How long pods wait for what is prepared. */
  readonly waitSeconds: number;
}

/** An adapter that a run goes on from. */
export interface PlacedAdapter extends MountedAdapter {
  readonly fetch?: FetchedAdapter;
}

/** An adapter that the prepare Job fetches. */
export interface FetchedAdapter extends FetchInto {
  /** What its adapter_config.json must name as its base. */
  readonly baseModel: string;
}

/** Nodes that a run takes. */
const NODES = 1;
const USER: PodUser = { runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000 };
const BACKOFF_LIMIT = 3;
const WAIT_SECONDS = 2 * 3600;

/** Fills in what is not said, and works out the run that it makes. Pure: no construct is made or looked at. */
export function resolveRun(asked: RunRequest): ResolvedRun {
  const { image, nodes, trainConfig: file } = asked;
  const train = argumentsOf(asked.train);
  const args = { ...file?.args, ...train.args };
  // A model that is there already is mounted read-only: data and packages go beside the adapters then.
  const target = asked.models.filled
    ? { ...asked.models, mountPath: PATHS.models }
    : { ...asked.saves, mountPath: PATHS.saves };
  const training = asked.training.map((dataset) => placed(dataset, target.mountPath));
  const evaluation = asked.evaluation.map((dataset) => placed(dataset, target.mountPath));
  const datasets = [...training, ...evaluation];
  const adapter = placedAdapter(asked.adapter, asked.model.repository, target.mountPath);
  const gpus = asked.gpus ?? (gpuRequestOf(nodes.scheduling).part === 'whole' ? nodes.gpus : 1);
  const draft: Run = {
    path: asked.path,
    file: 'train_config.yaml',
    release: image.contents.llamafactory,
    args: {
      model_name_or_path: `${PATHS.models}/${asked.location.directory}`,
      ...args,
      ...(adapter === undefined ? {} : { adapter_name_or_path: adapter.path }),
      ...(asked.tensorBoard ? { report_to: withTensorBoard(args['report_to']) } : {}),
      dataset: namesOf(training),
      ...(evaluation.length > 0 ? { eval_dataset: namesOf(evaluation) } : {}),
      dataset_dir: PATHS.config,
      output_dir: PATHS.saves,
    },
    deepspeed: asked.deepspeed,
    datasets: datasets.map(({ name, entry, rows, rowsReported }, i) => ({
      name,
      entry,
      rows,
      rowsReported,
      evaluation: i >= training.length,
    })),
    card: nodes.card,
    gpus,
    nodes: NODES,
    cpus: asked.cpus ?? podCpus(gpus, nodes.cpus),
    ...plannedModel(
      { release: image.contents.llamafactory, args },
      { model: asked.model.shape, unplanned: asked.model.unplanned },
    ),
    quantised: asked.model.quantised,
    image: image.contents,
  };

  const settled = settleStrategy(asked, draft);
  const trained: Mapping = { ...draft.args, ...settled.args };
  const deepspeed = settled.zero2 ?? (settled.zero3 === undefined ? settled.deepspeed : zero3File(settled.zero3));
  const requirements = neededPackages(draft, image.contents);
  const identity = runDigest({
    args: trained,
    deepspeed: deepspeed?.config,
    datasets,
    model: asked.location.identity,
    adapter: adapter?.identity,
    release: draft.release,
    image: image.identity,
    packages: requirements === undefined ? undefined : withoutComments(requirements),
    code: asked.code?.files,
    worldSize: gpus * NODES,
  });
  const name = objectName(asked.nameParts);
  const outputDirectory = `${PATHS.saves}/${name}/${identity}`;
  const run: Run = {
    ...draft,
    args: {
      ...trained,
      output_dir: outputDirectory,
      ...(asked.preflight && !isOn(draft, 'streaming')
        ? { tokenized_path: `${PATHS.saves}/${name}/.tokenized/${identity}` }
        : {}),
      ...(deepspeed === undefined ? {} : { deepspeed: `${PATHS.deepspeed}/${deepspeed.file}` }),
    },
    deepspeed,
  };
  const written = writtenIn(file, { ...train.args, ...settled.args });
  const judged = judge(run, { written });
  const numbers = 'value' in judged.numbers ? judged.numbers.value : planNumbers({ ...run, args: {}, datasets: [] });
  return {
    ...asked,
    model: { ...asked.model, shape: run.model, unplanned: run.unplanned },
    run,
    written,
    judged,
    settled,
    runDigest: identity,
    outputDirectory,
    adapter,
    datasets,
    target,
    requirements,
    numbers,
    ...resourcesOf(asked, run, numbers),
    smokeRun: asked.smoke ? smokeRun(run) : undefined,
    env: asked.env ?? {},
    trackers: networkTrackers(run, asked.env ?? {}),
    labels: asked.labels ?? {},
    annotations: asked.annotations ?? {},
    imagePullSecrets: asked.imagePullSecrets ?? [],
    user: userOf(asked.user),
    backoffLimit: asked.backoffLimit ?? BACKOFF_LIMIT,
    waitSeconds: asked.prepareTimeoutSeconds ?? WAIT_SECONDS,
    problems: [...asked.problems, ...train.problems, ...(file?.problems ?? []), ...settled.problems],
  };
}

/** A data set that is fetched, as the pod sees it: where the volume is mounted that the prepare Job fills. */
function placed(dataset: MountedDataset, mountPath: string): MountedDataset {
  const { fetch, entry } = dataset;
  if (fetch === undefined) return dataset;
  return {
    ...dataset,
    entry: { ...entry, file_name: `${mountPath}/${entry['file_name']}` },
    fetch: { ...fetch, directory: `${mountPath}/${fetch.directory}` },
  };
}

/** An adapter, one that is fetched in a directory of its own for each base that it is compared with. */
function placedAdapter(
  adapter: MountedAdapter | undefined,
  repository: string,
  mountPath: string,
): PlacedAdapter | undefined {
  if (adapter?.fetch === undefined) return adapter === undefined ? undefined : { ...adapter, fetch: undefined };
  const { fetch } = adapter;
  const baseModel = fetch.baseModel ?? repository;
  const directory = `${mountPath}/.adapters/${digest({ ...fetch.what, baseModel })}`;
  return { ...adapter, path: directory, fetch: { ...fetch, baseModel, directory } };
}

/** What the pods ask for, as planned unless something else is said. */
function resourcesOf(
  asked: RunRequest,
  run: Run,
  { host }: PlanNumbers,
): Pick<ResolvedRun, 'resources' | 'preflightResources'> {
  const ofRun = (beside: number) => podResources(run.gpus, host, asked, asked.nodes, beside);
  if (!asked.preflight) return { resources: ofRun(0), preflightResources: undefined };
  const preflight = preflightResources(settingsOf(run).preprocessingWorkers, ofRun(0), asked.nodes);
  // A pod that waits keeps its cores, and one that it waits for must find some on the same node.
  return { resources: ofRun(asked.waves ? 0 : preflight.cpus), preflightResources: preflight };
}

/** What a run reports to, TensorBoard added. */
function withTensorBoard(reportTo: unknown): unknown {
  const others = [reportTo].flat().filter((each) => each !== undefined && each !== 'none' && each !== 'tensorboard');
  return others.length === 0 ? 'tensorboard' : [...others, 'tensorboard'];
}

/** What comes from the train config as it stands: all that the props don't replace. */
function writtenIn(file: RunRequest['trainConfig'], replaced: Mapping): Required<Written> {
  const left = (keys: Iterable<string>) => new Set([...keys].filter((key) => !(key in replaced)));
  return { keys: left(Object.keys(file?.args ?? {})), floats: left(file?.floats ?? []) };
}

/** What the prepare Job installs: bitsandbytes, where the run quantises with it and the image lacks it. */
function neededPackages(run: Run, image: RunRequest['image']['contents']): string | undefined {
  const { bits, groupSize } = settingsOf(run);
  if (bits === 16 || groupSize !== undefined || image.bitsandbytes !== undefined) return undefined;
  return runtimeFile('requirements/bitsandbytes.txt');
}

/** A comment doesn't change what is installed. */
function withoutComments(requirements: string): string {
  return requirements.replace(/^#.*\n/gm, '');
}

function namesOf(datasets: readonly MountedDataset[]): string {
  return datasets.map((dataset) => dataset.name).join(',');
}

function userOf({ runAsUser, runAsGroup, fsGroup }: Partial<PodUser>): PodUser {
  return {
    runAsUser: runAsUser ?? USER.runAsUser,
    runAsGroup: runAsGroup ?? USER.runAsGroup,
    fsGroup: fsGroup ?? USER.fsGroup,
  };
}
