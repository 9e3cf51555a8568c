import { basename, join, normalize, relative, resolve } from 'node:path';
import { distinct } from '../../judge/distinct';
import { judge } from '../../judge/judge';
import { PATHS } from '../../kubernetes/training-pod';
import { type Arguments, argumentOf, defaultsOf, textOf } from '../../llamafactory/effective-arguments';
import { ownerOf } from '../../llamafactory/owned-arguments';
import { Strategy } from '../../planning/strategy';
import type { Card } from '../../run/card';
import { type Finding, Severity } from '../../run/finding';
import { DEFAULT_RELEASE, RELEASE_FACTS, type Release } from '../../run/releases';
import type { Mapping, Run } from '../../run/run';
import { TrainerImage } from '../../trainer-image';
import type { FileStore } from '../file-store';
import { type RunFromFiles, runFromFiles } from '../run-from-files';
import { corrected, type ImportedArguments, jobArguments, presetArguments, type ReadConfig } from './arguments';
import { type Change, shown } from './changes';
import { type ImportedDataset, importedDataset } from './datasets';
import { zero3Props } from './deepspeed-props';
import { importedEnvironment } from './environment';
import { launchSettings } from './launch-script';
import { call, literal, object } from './literal';
import { type ImportedModel, importedModel } from './model';
import { CHART, list, type Program, programText } from './program';

/** What is imported, and for which machines. */
export interface ImportRequest {
  /** The folder, absolute. */
  readonly folder: string;
  /** The train config, seen from the folder. */
  readonly config: string;
  /** The script that starts it; undefined: none. */
  readonly script?: { readonly file: string; readonly text: string };
  readonly release: Release;
  readonly card: Card;
  /** GPUs of the node; undefined: as many as the script uses, or four. */
  readonly gpus?: number;
  /** The folder the program stands in, absolute: its paths are seen from there. */
  readonly programFolder: string;
}

/** A program made of files. */
export interface Imported {
  /** Undefined if the train config holds no mapping: then the findings say why. */
  readonly program?: string;
  /** What it says, in one line. */
  readonly summary: string;
  /** In what the run differs from the files. */
  readonly changes: readonly Change[];
  /** What is still wrong with the run, as its synth will say it. */
  readonly findings: readonly Finding[];
}

const GPUS = 4;

/** Makes a program of a train config and what belongs to it. */
export function importRun(request: ImportRequest, store: FileStore): Imported {
  const { config, release, script } = request;
  const settings = launchSettings(script?.text ?? '');
  const gpus = request.gpus ?? settings.gpus ?? GPUS;
  const from = readRun(request, gpus, store);
  if (from.run === undefined) return { summary: '', changes: [], findings: from.findings };
  const run: Run = { ...from.run, file: config, launchScript: script };
  const evaluated = run.datasets.some(({ evaluation }) => evaluation);
  const datasets = importedDatasets(run, request, store);
  const deepspeed = deepspeedOf(run);
  const model = importedModel(run.args, settings.variables, from.files);
  const environment = importedEnvironment(script?.file ?? '', settings);

  const given: ReadConfig = { file: config, release, args: without(run.args, model.said), floats: from.floats };
  const beside = without(run.args, Object.keys(given.args));
  const mended = corrected(given, (args) => {
    return judge({ ...run, args: { ...beside, ...args } }, { written: { floats: from.floats } }).findings;
  });
  const all = jobArguments(mended.config);
  const preset = isQwenQLoRA(mended.config, model) && deepspeed.preset !== undefined;
  const short = preset ? presetArguments(mended.config, deepspeed.preset ?? Strategy.DDP, evaluated) : undefined;
  const usesPreset = short !== undefined && all.train !== undefined && size(short) < size(all);
  const said = usesPreset ? short : all;
  const isTyped = said.train !== undefined;

  const id = ['pt', 'sft', 'rm', 'ppo', 'dpo', 'kto'].find((stage) => stage === run.args['stage']) ?? 'train';
  const text = programText({
    header: headerOf(request, datasets, run),
    construct: usesPreset ? 'QwenQLoRAJob' : 'FineTuningJob',
    id,
    props: propsOf({ request, run, gpus, model, datasets, deepspeed, usesPreset, said, env: environment.env }),
  });
  const result = resultOf({ run, id, gpus, model, datasets, deepspeed, args: said.args });
  const written = isTyped
    ? { keys: new Set<string>(), floats: new Set<string>() }
    : { keys: new Set(Object.keys(said.args)), floats: from.floats };
  const further = from.findings.filter(
    ({ id: rule }) => rule !== 'dataset-file' && !(isTyped && rule === 'yaml-duplicate-key'),
  );
  const left = [
    ...datasets.flatMap(({ findings }) => findings),
    ...withoutData(run),
    ...evaluations(run),
    ...deepspeed.findings,
    ...modelFindings(model, run),
    ...environment.findings,
  ].map((finding) => ({ ...finding, path: result.path }));
  return {
    program: text,
    summary: `${usesPreset ? 'QwenQLoRAJob' : 'FineTuningJob'}, ${gpus} x ${request.card.name}`,
    changes: [
      ...owned(run, config),
      ...model.said.map((key) => ({ file: config, key, text: `${shown(run.args[key])} -> a prop of modelCache` })),
      ...(isTyped ? [...duplicates(from, config, run), ...mended.changes] : []),
      ...said.changes,
      ...deepspeed.changes,
      ...datasets.flatMap(({ changes }) => changes),
      ...environment.changes,
    ],
    findings: distinct([...judge(result, { written, further }).findings, ...left]),
  };
}

/** The run as its files say; files that aren't beside the config are looked for from the folder, as a launch there does. */
function readRun({ folder, config, release, card }: ImportRequest, gpus: number, store: FileStore): RunFromFiles {
  const path = join(folder, config);
  const options = { release, card, gpus, nodes: 1 };
  const from = runFromFiles(path, options, store);
  if (from.run === undefined) return from;
  const { args } = from.run;
  const here = store.from(folder);
  const elsewhere = (value: unknown, beside: string) =>
    typeof value === 'string' && from.files.kind(join(value, beside)) === undefined && here.kind(join(value, beside))
      ? resolve(folder, value)
      : undefined;
  const deepspeed = elsewhere(args['deepspeed'], '');
  const datasetDir = elsewhere(argumentOf(from.run, 'dataset_dir'), 'dataset_info.json');
  return deepspeed === undefined && datasetDir === undefined
    ? from
    : runFromFiles(path, { ...options, deepspeed, datasetDir }, store);
}

/** The data sets, each once; one that is both trained on and evaluated on is two. */
function importedDatasets(
  run: Run,
  { folder, programFolder, config }: ImportRequest,
  store: FileStore,
): ImportedDataset[] {
  const where = run.args['dataset_dir'];
  const named = typeof where === 'string' ? where : String(defaultsOf(run.release)['dataset_dir']);
  const data = resolve(folder, join(config, '..'), named);
  const places = { data, program: programFolder, info: relative(folder, join(data, 'dataset_info.json')) };
  const taken = new Set<string>();
  return datasetsOf(run).map((dataset) => {
    const imported = importedDataset(dataset, taken, places, store);
    taken.add(dataset.name);
    return imported;
  });
}

function datasetsOf(run: Run): Run['datasets'] {
  const training = run.datasets.filter(({ evaluation }) => !evaluation);
  const byName = new Map([...training].reverse().map((dataset) => [dataset.name, dataset]));
  const first = training.filter((dataset) => byName.get(dataset.name) === dataset);
  // A program needs one: what to put there is an error of its own.
  if (first.length === 0) first.push({ name: 'missing' });
  const evaluation = run.datasets.find((dataset) => dataset.evaluation);
  if (evaluation === undefined) return first;
  return [
    ...first,
    byName.has(evaluation.name) ? { ...evaluation, name: `${evaluation.name}-evaluation` } : evaluation,
  ];
}

interface ImportedDeepSpeed {
  /** The prop `deepspeed`. */
  readonly code?: string;
  readonly comment?: string;
  /** The JSON the run has then. */
  readonly config?: Mapping;
  /** The strategy under which the preset would do the same. */
  readonly preset?: Strategy;
  readonly changes: readonly Change[];
  readonly findings: readonly Omit<Finding, 'path'>[];
}

function deepspeedOf(run: Run): ImportedDeepSpeed {
  const named = run.args['deepspeed'];
  if (named === undefined || named === null || named === '') return { preset: Strategy.DDP, changes: [], findings: [] };
  const file = typeof named === 'string' ? normalize(named) : 'deepspeed';
  const absent = run.deepspeed === undefined;
  const imported = zero3Props(run.deepspeed?.config ?? (/z(?:ero)?[-_]?3/i.test(file) ? assumed(file) : {}));
  if (imported === undefined) {
    const what = absent ? `${file} can't be read` : `${file} isn't ZeRO stage 3, which alone has a construct`;
    return { preset: Strategy.DDP, changes: [], findings: [withoutDeepSpeed(what)] };
  }
  return {
    code: call('new DeepSpeedZero3', 'chart', "'zero3'", literal(imported.props)),
    ...(absent ? { comment: `${file} isn't here: this is what its name says.` } : {}),
    config: imported.config,
    preset: Strategy.ZERO3_OFFLOAD,
    changes: absent
      ? []
      : imported.differences.map(({ key, from, to }) => ({ file, key, text: `${shown(from)} -> ${shown(to)}` })),
    findings: absent ? [guessed(file)] : [],
  };
}

/** What a file is about that isn't here, by its name: LLaMA-Factory's own `ds_z3_offload_config.json`, for example. */
function assumed(file: string): Mapping {
  const offload = { device: 'cpu', pin_memory: true };
  const offloads = /offload/i.test(file) ? { offload_optimizer: offload, offload_param: offload } : {};
  return { zero_optimization: { stage: 3, ...offloads } };
}

function withoutDeepSpeed(what: string): Omit<Finding, 'path'> {
  return {
    id: 'import-deepspeed',
    severity: Severity.WARNING,
    key: 'deepspeed',
    message: `${what}: the program trains without DeepSpeed, with DDP`,
    change: 'see with plan whether that fits, or set deepspeed: new DeepSpeedZero3(…)',
  };
}

function guessed(file: string): Omit<Finding, 'path'> {
  return {
    id: 'import-deepspeed',
    severity: Severity.WARNING,
    key: 'deepspeed',
    message: `${file} can't be read: the program has ZeRO-3 as its name says`,
    change: 'put the file there and import again, or look at the props of DeepSpeedZero3',
  };
}

/** The run that the preset is for. */
function isQwenQLoRA(run: Arguments, { model, byHand }: ImportedModel): boolean {
  return (
    model !== undefined &&
    !byHand &&
    run.args['stage'] === 'sft' &&
    textOf(run, 'finetuning_type') === 'lora' &&
    run.args['quantization_bit'] === 4
  );
}

function size({ train }: ImportedArguments): number {
  return Object.keys(train ?? {}).length;
}

function headerOf({ folder, config, script }: ImportRequest, datasets: readonly ImportedDataset[], run: Run): string[] {
  const data = datasets.some(({ dataset }) => dataset.entry !== undefined) ? ['dataset_info.json'] : [];
  const files = [
    config,
    ...(run.deepspeed === undefined ? [] : [basename(run.deepspeed.file)]),
    ...data,
    ...(script === undefined ? [] : [script.file]),
  ];
  return [`Made by \`cdk8s-llamafactory import\` from ${files.join(', ')} of ${basename(folder)}.`];
}

interface Parts {
  readonly request: ImportRequest;
  readonly run: Run;
  readonly gpus: number;
  readonly model: ImportedModel;
  readonly datasets: readonly ImportedDataset[];
  readonly deepspeed: ImportedDeepSpeed;
  readonly usesPreset: boolean;
  readonly said: ImportedArguments;
  readonly env: Mapping;
}

function propsOf({ request, run, gpus, model, datasets, deepspeed, usesPreset, said, env }: Parts): Program['props'] {
  const [first, ...others] = datasets.filter(({ dataset }) => !dataset.evaluation);
  const evaluation = datasets.find(({ dataset }) => dataset.evaluation);
  const output = run.args['output_dir'];
  const path = relative(request.programFolder, join(request.folder, request.config)).replaceAll('\\', '/');
  return [
    ['model', model.code],
    ['dataset', first?.code, first?.comment],
    [
      'additionalDatasets',
      others.length === 0 ? undefined : list(others.map(({ code }) => code)),
      others.map((each) => each.comment ?? '').join(' '),
    ],
    ['evaluationDataset', evaluation?.code, evaluation?.comment],
    ['strategy', usesPreset && deepspeed.code === undefined ? 'Strategy.DDP' : undefined],
    ['deepspeed', deepspeed.code, deepspeed.comment],
    ['nodePool', call('NodePool.of', gpuCode(request.card), literal({ gpus }))],
    ['modelCache', model.cache, model.comment],
    [
      'saves',
      call('new SavesVolume', 'chart', "'saves'", object([['size', 'Size.gibibytes(20)']])),
      typeof output === 'string' ? `In place of ${output}.` : undefined,
    ],
    ['image', imageCode(request.release)],
    ['env', Object.keys(env).length === 0 ? undefined : literal(env)],
    ['trainConfig', said.train === undefined ? call('TrainConfig.fromYaml', literal(path)) : undefined],
    ['train', said.train === undefined || size(said) === 0 ? undefined : literal(said.train)],
  ];
}

function gpuCode({ name }: Card): string {
  return `Gpu.${name.replaceAll('-', '_')}`;
}

function imageCode(release: Release): string | undefined {
  if (release === DEFAULT_RELEASE) return undefined;
  if (RELEASE_FACTS[release].image !== undefined) return call('TrainerImage.official', literal({ release }));
  const own = literal(`registry.example.com/llamafactory:${release}`);
  return call('TrainerImage.custom', own, literal({ llamafactory: release }));
}

/** The run that the program makes, as far as its rules look at it. */
function resultOf(
  parts: Pick<Parts, 'run' | 'gpus' | 'model' | 'datasets' | 'deepspeed'> & { id: string; args: Mapping },
): Run {
  const { run, id, gpus, model, datasets, deepspeed, args } = parts;
  const names = (evaluation: boolean) =>
    datasets.filter(({ dataset }) => (dataset.evaluation ?? false) === evaluation).map(({ dataset }) => dataset.name);
  return {
    ...run,
    path: `${CHART}/${id}`,
    gpus,
    args: {
      model_name_or_path: model.directory,
      ...args,
      dataset: names(false).join(','),
      ...(names(true).length > 0 ? { eval_dataset: names(true).join(',') } : {}),
      dataset_dir: PATHS.config,
      output_dir: PATHS.saves,
      ...(deepspeed.config === undefined ? {} : { deepspeed: `${PATHS.deepspeed}/ds_config_zero3.json` }),
    },
    deepspeed: deepspeed.config === undefined ? undefined : { file: 'ds_config_zero3.json', config: deepspeed.config },
    datasets: datasets.map(({ dataset }) => dataset),
    model: model.model?._shape,
    quantised: model.model?._quantised,
    image: TrainerImage.official({ release: run.release })._contents,
  };
}

/** The arguments of the file that constructs set. */
function owned({ args }: Run, file: string): Change[] {
  const keys = Object.keys(args).filter((key) => ownerOf(key) !== undefined && args[key] !== null && args[key] !== '');
  return keys.map((key) => ({ file, key, text: `${shown(args[key])} -> set by ${ownerOf(key)}` }));
}

function duplicates({ findings }: RunFromFiles, file: string, { args }: Run): Change[] {
  return findings
    .filter(({ id }) => id === 'yaml-duplicate-key')
    .map(({ key }) => ({ file, key, text: `given twice -> once: ${shown(args[key])}` }));
}

function withoutData(run: Run): Omit<Finding, 'path'>[] {
  if (run.datasets.some(({ evaluation }) => !evaluation)) return [];
  return [
    {
      id: 'import-dataset',
      severity: Severity.ERROR,
      key: 'dataset',
      message: 'the train config names no data set to train on',
      change: 'set dataset in the file, or in the program',
    },
  ];
}

function evaluations(run: Run): Omit<Finding, 'path'>[] {
  const names = run.datasets.filter(({ evaluation }) => evaluation).map(({ name }) => name);
  if (names.length <= 1) return [];
  return [
    {
      id: 'import-dataset',
      severity: Severity.WARNING,
      key: 'evaluationDataset',
      message: 'a run evaluates on one data set, and the file names several: the program has the first',
      got: names.join(', '),
      change: 'put their samples into one file',
    },
  ];
}

function modelFindings({ model, plannedAs, byHand }: ImportedModel, { args }: Run): Omit<Finding, 'path'>[] {
  const name = shown(args['model_name_or_path']);
  const about = (severity: Severity, message: string, change: string): Omit<Finding, 'path'> => ({
    id: 'import-model',
    severity,
    key: 'model',
    message,
    got: name,
    change,
  });
  return [
    ...(model?._shape === undefined
      ? [
          about(
            Severity.ERROR,
            'the model is none of the catalogue, and no config.json of a Qwen model is where the path says',
            "fill in Model.custom's config with the model's config.json",
          ),
        ]
      : []),
    ...(plannedAs === undefined
      ? []
      : [
          about(
            Severity.WARNING,
            `no config.json of the model is at hand: it is planned as ${plannedAs}, which it is called after`,
            "compare Model.custom's config with the model's config.json",
          ),
        ]),
    ...(byHand
      ? [
          about(
            Severity.WARNING,
            'the model is in a folder of one machine, and no hub is known to have it',
            "make the claim 'models' and copy the folder onto it, or name a repository",
          ),
        ]
      : []),
  ];
}

function without(args: Mapping, keys: readonly string[]): Mapping {
  return Object.fromEntries(Object.entries(args).filter(([key]) => !keys.includes(key)));
}
