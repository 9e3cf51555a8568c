import { basename, join, normalize, relative, resolve } from 'node:path';
import { distinct } from '../../judge/distinct';
import { judge } from '../../judge/judge';
import { insteadOf } from '../../judge/rules/arguments/secret-argument';
import { masked, secretFindings } from '../../judge/secrets';
import { PATHS } from '../../kubernetes/training-pod';
import { type Arguments, argumentOf, defaultsOf, textOf } from '../../llamafactory/effective-arguments';
import type { Files } from '../../llamafactory/files';
import { ownerOf } from '../../llamafactory/owned-arguments';
import { Strategy } from '../../planning/strategy';
import type { Card } from '../../run/card';
import { type Finding, Severity } from '../../run/finding';
import { DEFAULT_RELEASE, RELEASE_FACTS, type Release } from '../../run/releases';
import { isMapping, type Mapping, type Run } from '../../run/run';
import { TrainerImage } from '../../trainer-image';
import type { FileStore } from '../file-store';
import { otherConfig } from '../other-config';
import { type RunFromFiles, runFromFiles } from '../run-from-files';
import { type ImportedAdapter, importedAdapter } from './adapter';
import {
  corrected,
  type ImportedArguments,
  jobArguments,
  presetArguments,
  type ReadConfig,
  secretNames,
} from './arguments';
import { type Change, differences, shown } from './changes';
import { type ImportedDataset, importedDataset } from './datasets';
import { type Zero3Import, zero3Props } from './deepspeed-props';
import { importedEnvironment, secretVariables } from './environment';
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
  const { from, given: written, changes: found } = readRun(request, gpus, store);
  if (from.run === undefined) return { summary: '', changes: [], findings: from.findings };
  const other = otherConfig(from.run, 'no training can be made of it');
  if (other !== undefined) return { summary: '', changes: [], findings: [other] };
  const run: Run = { ...from.run, file: config, launchScript: script };
  const evaluated = run.datasets.some(({ evaluation }) => evaluation);
  const datasets = importedDatasets(run, { ...request, root: from.root.folder }, store);
  const deepspeed = deepspeedOf(run);
  const secret = secretVariables(settings);
  const plain = new Map([...settings.variables].filter(([name]) => !secret.includes(name)));
  const model = importedModel(run.args, plain, from.files);
  const adapter = importedAdapter(run.args, plain, from.files);
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
    props: propsOf({ request, run, gpus, model, adapter, datasets, deepspeed, usesPreset, said, env: environment.env }),
  });
  const result = resultOf({ run, id, gpus, model, adapter, datasets, deepspeed, args: said.args });
  const asWritten = isTyped
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
    ...adapter.findings,
    ...environment.findings,
    ...(isTyped ? secretsLeftOut(run.args) : []),
  ].map((finding) => ({ ...finding, path: result.path }));
  return {
    program: masked(text),
    summary: `${usesPreset ? 'QwenQLoRAJob' : 'FineTuningJob'}, ${gpus} x ${request.card.name}`,
    changes: [
      ...owned(written, config, deepspeed),
      ...found,
      ...model.said.map((key) => ({ file: config, key, text: `${shown(run.args[key], key)} -> a prop of modelCache` })),
      ...(isTyped ? [...duplicates(from, config, run), ...mended.changes] : []),
      ...said.changes,
      ...deepspeed.changes,
      ...datasets.flatMap(({ changes }) => changes),
      ...environment.changes,
    ],
    findings: distinct([
      ...judge(result, { written: asWritten, further }).findings,
      ...secretFindings(result.path, { program: text }),
      ...left,
    ]),
  };
}

/** A run as its files say, and where they were found. */
interface ReadRun {
  readonly from: RunFromFiles;
  /** What the train config itself says. */
  readonly given: Mapping;
  readonly changes: readonly Change[];
}

/** Reads the run; dataset_info.json is taken from the folder of the config where it isn't where the trainer would look. */
function readRun({ folder, config, script, release, card }: ImportRequest, gpus: number, store: FileStore): ReadRun {
  const path = join(folder, config);
  const launch = script === undefined ? undefined : join(folder, script.file);
  const options = { release, card, gpus, nodes: 1, launch, here: folder };
  const from = runFromFiles(path, options, store);
  const given = from.run?.args ?? {};
  if (from.run === undefined) return { from, given, changes: [] };
  const where = argumentOf(from.run, 'dataset_dir');
  const datasetDir = besides(where, path, from.files, store);
  if (datasetDir === undefined) return { from, given, changes: [] };
  const text = `${shown(where)} -> the folder of ${config}: dataset_info.json is there, and LLaMA-Factory would look in ${shown(where)}`;
  return {
    from: runFromFiles(path, { ...options, datasetDir }, store),
    given,
    changes: [{ file: config, key: 'dataset_dir', text }],
  };
}

/** The folder of the config, if dataset_info.json is there and not where the config says. */
function besides(where: unknown, config: string, files: Files, store: FileStore): string | undefined {
  const beside = resolve(config, '..');
  const isMissing = typeof where === 'string' && files.kind(join(where, 'dataset_info.json')) === undefined;
  return isMissing && store.from(beside).kind('dataset_info.json') === 'file' ? beside : undefined;
}

/** Why no data set has an entry; undefined: dataset_info.json is there, and holds entries. */
function withoutEntries({ release, args }: Run, info: string, path: string, store: FileStore): string | undefined {
  const where = args['dataset_dir'] ?? defaultsOf(release)['dataset_dir'];
  if (isMapping(where)) return undefined;
  if (where === 'ONLINE' || (typeof where === 'string' && where.startsWith('REMOTE:'))) {
    return `dataset_dir is ${shown(where)}, and nothing is downloaded in the pod`;
  }
  const text = store.read(path);
  if (!('text' in text)) return `${info} can't be read: ${text.fault}`;
  return store.mapping(path) === undefined ? `${info} is no JSON, is nested too deeply, or holds no object` : undefined;
}

/** The data sets, each once; one that is both trained on and evaluated on is two. */
function importedDatasets(
  run: Run,
  { root, folder, programFolder }: ImportRequest & { readonly root: string },
  store: FileStore,
): ImportedDataset[] {
  const where = run.args['dataset_dir'];
  const named = typeof where === 'string' ? where : String(defaultsOf(run.release)['dataset_dir']);
  const data = resolve(root, named);
  const path = join(data, 'dataset_info.json');
  const info = relative(folder, path);
  const places = { data, program: programFolder, info, noEntries: withoutEntries(run, info, path, store) };
  const taken = new Set<string>();
  return datasetsOf(run).map((dataset) => {
    const imported = importedDataset(dataset, taken, places, run.args['stage'], store);
    taken.add(imported.dataset.name);
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
    const zero = run.deepspeed?.config['zero_optimization'];
    const stage = isMapping(zero) ? `has ZeRO stage ${shown(zero['stage'])}` : 'has no ZeRO';
    const what = absent
      ? `${file} can't be read, or is no JSON of a sound depth`
      : `${file} ${stage}, and stage 3 alone has a construct`;
    return { preset: Strategy.DDP, changes: withoutConstruct(file, run), findings: [withoutDeepSpeed(what)] };
  }
  return {
    code: call('new DeepSpeedZero3', 'chart', "'zero3'", literal(imported.props)),
    ...(absent ? { comment: `${file} isn't here: this is what its name says.` } : {}),
    config: imported.config,
    preset: Strategy.ZERO3_OFFLOAD,
    changes: absent
      ? []
      : imported.differences.map(({ key, from, to, why }) => ({
          file,
          key,
          text: `${shown(from, key)} -> ${shown(to, key)}: ${why}`,
        })),
    findings: absent ? [guessed(file)] : lost(file, imported),
  };
}

/** What a file is about that isn't here, by its name: LLaMA-Factory's own `ds_z3_offload_config.json`, for example. */
function assumed(file: string): Mapping {
  const offload = { device: 'cpu', pin_memory: true };
  const offloads = /offload/i.test(file) ? { offload_optimizer: offload, offload_param: offload } : {};
  return { zero_optimization: { stage: 3, ...offloads } };
}

/** Every key of a JSON that no construct is for. */
function withoutConstruct(file: string, { deepspeed }: Run): Change[] {
  const keys = differences(deepspeed?.config ?? {}, {}).flatMap(({ key, from }) =>
    isMapping(from) ? differences(from, {}, `${key}.`).map((each) => each.key) : [key],
  );
  return keys.length === 0
    ? []
    : [{ file, key: keys.join(', '), text: 'left out: the program trains without DeepSpeed' }];
}

/** What the JSON says, and neither the construct nor the train arguments. */
function lost(file: string, { differences: all }: Zero3Import): Omit<Finding, 'path'>[] {
  const keys = all.filter(({ isLost }) => isLost);
  if (keys.length === 0) return [];
  return [
    {
      id: 'import-deepspeed',
      severity: Severity.WARNING,
      key: 'deepspeed',
      message: `${file} says what DeepSpeedZero3 has no prop for, or what is of another kind than its prop`,
      got: keys.map(({ key, from }) => `${key}: ${shown(from)}`).join(', '),
      change: 'see whether the run does without',
    },
  ];
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
  readonly adapter: ImportedAdapter;
  readonly datasets: readonly ImportedDataset[];
  readonly deepspeed: ImportedDeepSpeed;
  readonly usesPreset: boolean;
  readonly said: ImportedArguments;
  readonly env: Mapping;
}

function propsOf({
  request,
  run,
  gpus,
  model,
  adapter,
  datasets,
  deepspeed,
  usesPreset,
  said,
  env,
}: Parts): Program['props'] {
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
    ['adapter', adapter.code, adapter.comment],
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
  parts: Pick<Parts, 'run' | 'gpus' | 'model' | 'adapter' | 'datasets' | 'deepspeed'> & { id: string; args: Mapping },
): Run {
  const { run, id, gpus, model, adapter, datasets, deepspeed, args } = parts;
  const names = (evaluation: boolean) =>
    datasets.filter(({ dataset }) => (dataset.evaluation ?? false) === evaluation).map(({ dataset }) => dataset.name);
  return {
    ...run,
    path: `${CHART}/${id}`,
    gpus,
    args: {
      model_name_or_path: model.directory,
      ...args,
      ...(adapter.path === undefined ? {} : { adapter_name_or_path: adapter.path }),
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
function owned(args: Mapping, file: string, { code }: ImportedDeepSpeed): Change[] {
  const keys = Object.keys(args).filter((key) => ownerOf(key) !== undefined && args[key] !== null && args[key] !== '');
  return keys.map((key) => {
    const by = key === 'deepspeed' && code === undefined ? 'left out: the program trains with DDP' : undefined;
    return { file, key, text: `${shown(args[key], key)} -> ${by ?? `set by ${ownerOf(key)}`}` };
  });
}

function duplicates({ findings }: RunFromFiles, file: string, { args }: Run): Change[] {
  return findings
    .filter(({ id }) => id === 'yaml-duplicate-key')
    .map(({ key }) => ({ file, key, text: `given twice -> once: ${shown(args[key], key)}` }));
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

function modelFindings({ model, unplanned, plannedAs, byHand }: ImportedModel, { args }: Run): Omit<Finding, 'path'>[] {
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
            `the model can't be planned: ${unplanned ?? 'nothing says what it is made of'}`,
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

function secretsLeftOut(args: Mapping): Omit<Finding, 'path'>[] {
  return secretNames(args).map((key) => ({
    id: 'import-secret',
    severity: Severity.WARNING,
    key,
    message: 'the argument holds a secret: the program is without it',
    change: insteadOf(key),
  }));
}

function without(args: Mapping, keys: readonly string[]): Mapping {
  return Object.fromEntries(Object.entries(args).filter(([key]) => !keys.includes(key)));
}
