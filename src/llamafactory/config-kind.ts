import { RELEASES, type Release } from '../run/releases';
import type { ConfigKind, Mapping } from '../run/run';
import { type FieldOwner, fieldsOf } from './fields';

/** The arguments that an evaluation has of its own. Source: src/llamafactory/hparams/evaluation_args.py. */
const EVALUATION = ['task', 'task_dir', 'batch_size', 'seed', 'lang', 'n_shot', 'save_dir', 'download_mode'];

/** Whose arguments each kind takes. Source: src/llamafactory/hparams/parser.py, _TRAIN_ARGS and its like. */
const OWNERS: Readonly<Record<ConfigKind, readonly FieldOwner[]>> = {
  train: ['model', 'data', 'training', 'finetuning', 'generating'],
  export: ['model', 'data', 'finetuning', 'generating'],
  inference: ['model', 'data', 'finetuning', 'generating'],
  evaluation: ['model', 'data', 'finetuning'],
  webui: [],
};

/** What each kind is for, and what starts it. */
export const KINDS: Readonly<Record<ConfigKind, { readonly purpose: string; readonly startedBy: string }>> = {
  train: { purpose: 'to train', startedBy: 'llamafactory-cli train' },
  export: { purpose: 'to merge or export a model', startedBy: 'llamafactory-cli export' },
  inference: { purpose: 'to chat with a model or serve it', startedBy: 'llamafactory-cli chat, webchat or api' },
  evaluation: { purpose: 'to evaluate a model on a benchmark', startedBy: 'llamafactory-cli eval' },
  webui: { purpose: "of LLaMA Board's own fields", startedBy: 'LLaMA Board' },
};

/** Keys that only chat and serving read. */
const INFERENCE = /^(?:infer|vllm|sglang)_/;

/** What a config is for, told by its keys: one that isn't told to be another is one to train. */
export function kindOf(args: Mapping): ConfigKind {
  const keys = Object.keys(args);
  const has = (name: string) => name in args;
  if (keys.some((key) => /^(?:top|train|eval|infer|export)\.\w/.test(key))) return 'webui';
  if (has('task') && !has('stage') && !has('do_train')) return 'evaluation';
  if (keys.some((key) => isTraining(key)) || has('dataset') || has('eval_dataset')) {
    return has('export_dir') && !['output_dir', 'do_train', 'dataset'].some(has) ? 'export' : 'train';
  }
  if (keys.some((key) => key.startsWith('export_'))) return 'export';
  if (keys.some((key) => INFERENCE.test(key))) return 'inference';
  return has('model_name_or_path') && has('template') && !has('stage') ? 'inference' : 'train';
}

/** Whether a kind takes an argument. */
export function takes(kind: ConfigKind, release: Release, name: string): boolean {
  if (kind === 'evaluation' && EVALUATION.includes(name)) return true;
  const field = fieldsOf(release).get(name);
  return field?.settable === true && OWNERS[kind].includes(field.owner);
}

/** Whether some release takes an argument for training alone. */
function isTraining(name: string): boolean {
  return RELEASES.some((release) => fieldsOf(release).get(name)?.owner === 'training');
}
