import type { Construct } from 'constructs';
import type { DatasetVolume, MountedDataset } from '../dataset-volume';
import type { FineTuningJobProps } from '../fine-tuning-job-props';
import { type Judgement, judge, type Written } from '../judge/judge';
import { podCpus } from '../kubernetes/resources';
import { runtimeFile } from '../kubernetes/runtime-file';
import { type MountedClaim, PATHS } from '../kubernetes/training-pod';
import { argumentsOf } from '../llamafactory/arguments';
import { ModelCache, type ModelLocation } from '../model-cache';
import { isOn } from '../planning/settings';
import { type Finding, Severity } from '../run/finding';
import { runDigest } from '../run/identity';
import type { Mapping, Run } from '../run/run';
import { SavesVolume } from '../saves-volume';
import type { ConfigArguments } from '../train-config';
import { TrainerImage } from '../trainer-image';
import { constructName, constructPath } from '../tree/construct-name';
import { report, reportAcknowledgements, reportProblems } from '../tree/findings';
import { type Code, readCode } from './code';
import { type Given, ownedArguments } from './owned-arguments';

/** A run with every default filled in. */
export interface ResolvedRun {
  readonly run: Run;
  readonly written: Required<Written>;
  readonly judged: Judgement;
  /** Why the batch was chosen, if it was. */
  readonly chosen: string | undefined;
  readonly runDigest: string;
  readonly outputDirectory: string;
  readonly image: TrainerImage;
  readonly modelCache: ModelCache;
  readonly saves: SavesVolume;
  readonly datasets: readonly MountedDataset[];
  readonly location: ModelLocation;
  /** The volume that the prepare Job fills. */
  readonly target: MountedClaim & { readonly mountPath: string };
  readonly code: Code | undefined;
  /** What the prepare Job installs. */
  readonly requirements: string | undefined;
}

/** Props with their defaults, and the run they describe. */
export function resolveRun(job: Construct, props: FineTuningJobProps, chosen: string | undefined): ResolvedRun {
  const image = props.image ?? TrainerImage.official();
  const modelCache = props.modelCache ?? new ModelCache(job, 'models');
  const saves = props.saves ?? new SavesVolume(job, 'saves');
  const training = [props.dataset, ...(props.additionalDatasets ?? [])];
  const evaluation = props.evaluationDataset === undefined ? [] : [props.evaluationDataset];
  // A model that is there already is mounted read-only: data and packages go beside the adapters then.
  const target = modelCache.filled
    ? { claimName: modelCache.claimName, mountPath: PATHS.models }
    : { claimName: saves.claimName, subPath: saves._subPath, mountPath: PATHS.saves };
  const datasets = [...training, ...evaluation].map((dataset) => placed(dataset._mounted, target.mountPath));
  const location = modelCache._locate(props.model);
  const code = props.code === undefined ? undefined : readCode(props.code);
  const given = argumentsOf(props.train ?? {});
  const file = props.trainConfig?._read(image._contents.llamafactory);
  const args = { ...file?.args, ...given.args };
  const written = writtenIn(file, given.args);
  const requirements = neededPackages(args, image);
  const gpus = props.gpus ?? props.nodePool.gpus;
  const { deepspeed } = props;
  reportProblems(job, [
    ...props.model._problems,
    ...props.nodePool._problems,
    ...image._problems,
    ...(code?.problems ?? []),
    ...given.problems,
    ...(file?.problems ?? []),
  ]);

  const trained: Mapping = {
    model_name_or_path: `${PATHS.models}/${location.directory}`,
    ...args,
    ...(props.tensorBoard ? { report_to: withTensorBoard(args['report_to']) } : {}),
    dataset: namesOf(training),
    ...(evaluation.length > 0 ? { eval_dataset: namesOf(evaluation) } : {}),
    dataset_dir: PATHS.config,
  };
  const identity = runDigest({
    args: trained,
    deepspeed: deepspeed?._config,
    datasets,
    model: location.identity,
    release: image._contents.llamafactory,
    image: image._identity,
    packages: requirements === undefined ? undefined : withoutComments(requirements),
    code: code?.files,
    worldSize: gpus,
  });
  const outputDirectory = `${PATHS.saves}/${constructName(job)}/${identity}`;
  const run: Run = {
    path: constructPath(job),
    file: 'train_config.yaml',
    release: image._contents.llamafactory,
    args: {
      ...trained,
      output_dir: outputDirectory,
      ...(props.preflight && !isOn(args['streaming'])
        ? { tokenized_path: `${PATHS.saves}/${constructName(job)}/.tokenized/${identity}` }
        : {}),
      ...(deepspeed === undefined ? {} : { deepspeed: `${PATHS.deepspeed}/${deepspeed._file}` }),
    },
    deepspeed: deepspeed === undefined ? undefined : { file: deepspeed._file, config: deepspeed._config },
    datasets: datasets.map(({ name, entry, rows, rowsReported }, i) => ({
      name,
      entry,
      rows,
      rowsReported,
      evaluation: i >= training.length,
    })),
    card: props.nodePool.gpu._card,
    gpus,
    nodes: 1,
    cpus: props.cpus ?? podCpus(gpus, props.nodePool.cpus),
    model: props.model._shape,
    image: image._contents,
  };
  const judged = judge(run, { written });
  reportAcknowledgements(job, props.acknowledge ?? {});
  report(job, [
    // Of a file that holds nothing all that can be said is that.
    ...(file?.readable === false ? [] : judged.findings),
    ...(file === undefined ? [] : ownedArguments(file.owned, givenBy(props, run))),
    ...gateFindings(props, run),
  ]);
  return {
    run,
    written,
    judged,
    chosen,
    runDigest: identity,
    outputDirectory,
    image,
    modelCache,
    saves,
    datasets,
    location,
    target,
    code,
    requirements,
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

/** A pod that waits for preflight holds its GPUs for it. */
function gateFindings({ preflight, gate }: FineTuningJobProps, run: Run): Finding[] {
  if (!preflight || gate?._waves) return [];
  return [
    {
      id: 'preflight-holds-gpus',
      severity: Severity.WARNING,
      path: run.path,
      key: 'preflight',
      message:
        'the training pod holds its GPUs while preflight tokenises: only with Gate.waves() is it made afterwards',
      got: 'preflight: true, gate: Gate.wait()',
      change: 'set gate: Gate.waves() and apply in two steps (docs/gitops.md), or take preflight out',
    },
  ];
}

/** What a run reports to, TensorBoard added. */
function withTensorBoard(reportTo: unknown): unknown {
  const others = [reportTo].flat().filter((each) => each !== undefined && each !== 'none' && each !== 'tensorboard');
  return others.length === 0 ? 'tensorboard' : [...others, 'tensorboard'];
}

/** What comes from the train config as it stands: all that the props don't replace. */
function writtenIn(file: ConfigArguments | undefined, replaced: Mapping): Required<Written> {
  const left = (keys: Iterable<string>) => new Set([...keys].filter((key) => !(key in replaced)));
  return { keys: left(Object.keys(file?.args ?? {})), floats: left(file?.floats ?? []) };
}

/** What the props say of the arguments that constructs set. */
function givenBy({ model, deepspeed }: FineTuningJobProps, run: Run): Given {
  const namesOfAll = (evaluation: boolean) =>
    run.datasets.filter((dataset) => (dataset.evaluation === true) === evaluation).map(({ name }) => name);
  return {
    path: run.path,
    models: [model.name, model.repository.split('/').at(-1) ?? model.name],
    datasets: namesOfAll(false),
    evaluation: namesOfAll(true),
    deepspeed: deepspeed !== undefined,
  };
}

/** What the prepare Job installs: bitsandbytes, where the run quantises with it and the image lacks it. */
function neededPackages(args: Mapping, image: TrainerImage): string | undefined {
  const quantises = args['quantization_bit'] !== undefined && (args['quantization_method'] ?? 'bnb') === 'bnb';
  if (!quantises || image._contents.bitsandbytes !== undefined) return undefined;
  return runtimeFile('requirements/bitsandbytes.txt');
}

/** A comment doesn't change what is installed. */
function withoutComments(requirements: string): string {
  return requirements.replace(/^#.*\n/gm, '');
}

function namesOf(datasets: readonly DatasetVolume[]): string {
  return datasets.map((dataset) => dataset.name).join(',');
}
