import { asNames } from '../llamafactory/effective-arguments';
import { ownerOf } from '../llamafactory/owned-arguments';
import { type Finding, Severity } from '../run/finding';
import type { ResolvedRun } from './resolve';

/** What the props say where a train config says something too. */
interface Given {
  /** What the model is called: its name, and the last part of its repository. */
  readonly models: readonly string[];
  /** The names of the data sets to train on. */
  readonly datasets: readonly string[];
  /** The names of the data sets to evaluate on. */
  readonly evaluation: readonly string[];
  readonly deepspeed: boolean;
  /** Whether the run goes on from an adapter. */
  readonly adapter: boolean;
}

/**
 * What a train config says of arguments that constructs set: one finding that names them and the props, and one for
 * each where the run does something else than the file says.
 */
export function ownedArguments({ trainConfig, model, training, evaluation, adapter, run }: ResolvedRun): Finding[] {
  if (trainConfig === undefined) return [];
  const { owned } = trainConfig;
  const given: Given = {
    models: [model.name, model.repository.split('/').at(-1) ?? model.name],
    datasets: training.map(({ name }) => name),
    evaluation: evaluation.map(({ name }) => name),
    deepspeed: run.deepspeed !== undefined,
    adapter: adapter !== undefined,
  };
  const { path } = run;
  const keys = Object.keys(owned);
  const other = keys.flatMap((key) => {
    const difference = differenceOf(key, owned[key], given);
    return difference === undefined ? [] : [finding(path, key, owned[key], difference)];
  });
  const others = new Set(other.map(({ key }) => key.replace('trainConfig.', '')));
  const alike = keys.filter((key) => !others.has(key));
  if (alike.length === 0) return other;
  return [
    {
      id: 'owned-argument',
      severity: Severity.WARNING,
      path,
      key: 'trainConfig',
      message: 'the run sets these arguments itself; all others of the file go through as they stand',
      got: alike.join(', '),
      change: `nothing, or set them by props: ${alike.map((key) => `${key} by ${ownerOf(key)}`).join(', ')}`,
    },
    ...other,
  ];
}

interface Difference {
  readonly message: string;
  readonly change: string;
}

/** How the run differs from what the file says; undefined if only the place differs, which is the construct's affair. */
function differenceOf(key: string, value: unknown, given: Given): Difference | undefined {
  switch (key) {
    case 'model_name_or_path':
      if (partsOf(value).some((part) => given.models.map(plain).includes(plain(part)))) return undefined;
      return {
        message: `the file trains another model than the run, which trains ${given.models[0]}`,
        change: 'set the props model and modelCache, or take the key out of the file',
      };
    case 'adapter_name_or_path':
      if (given.adapter) return undefined;
      return {
        message: 'the file goes on from an adapter, and the run trains a new one',
        change:
          'set the prop adapter: Adapter.fromClaim(…), fromSaves(…) or fromSource(…), or take the key out of the file',
      };
    case 'tokenized_path':
      return {
        message: 'the run tokenises its data itself',
        change: 'give the data by the prop dataset, and take the key out of the file',
      };
    case 'dataset':
      if (sameNames(value, given.datasets)) return undefined;
      return {
        message: `the file trains on other data sets than the run, which trains on ${given.datasets.join(', ')}`,
        change: 'set the props dataset and additionalDatasets, or take the key out of the file',
      };
    case 'eval_dataset':
      if (sameNames(value, given.evaluation)) return undefined;
      return {
        message: `the file evaluates on other data than the run, which has ${given.evaluation.join(', ') || 'none'}`,
        change: 'set the prop evaluationDataset, or take the key out of the file',
      };
    case 'deepspeed':
      if (given.deepspeed) return undefined;
      return {
        message: 'the file trains with DeepSpeed, and the run without: with DDP',
        change: 'set the prop deepspeed, or take the key out of the file',
      };
    default:
      return undefined;
  }
}

function finding(path: string, key: string, value: unknown, { message, change }: Difference): Finding {
  return {
    id: 'owned-argument',
    severity: Severity.WARNING,
    path,
    key: `trainConfig.${key}`,
    message,
    got: typeof value === 'string' ? value : JSON.stringify(value),
    change,
  };
}

/** The parts of a path or repository, as hubs call them: ModelScope's cache writes `___` for a dot. */
function partsOf(value: unknown): string[] {
  return typeof value === 'string' ? value.split(/\/|--/).map((part) => part.replaceAll('___', '.')) : [];
}

function plain(name: string): string {
  return name.toLowerCase();
}

function sameNames(value: unknown, names: readonly string[]): boolean {
  return asNames(value).join(',') === names.join(',');
}
