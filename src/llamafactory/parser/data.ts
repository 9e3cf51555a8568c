import { put, remove } from './edits';
import { isNone } from './model';
import { equal, greater, items, length, less, PyError, product, toFloat, truthy } from './python';
import type { State, Step } from './state';

const SOURCE = 'src/llamafactory/hparams/data_args.py';

/** The checks of the data arguments, in the parser's order. */
export const DATA_STEPS: readonly Step[] = [
  splitComma('dataset', SOURCE),
  splitComma('eval_dataset', SOURCE),
  {
    id: 'val-size-without-dataset',
    keys: ['val_size', 'dataset'],
    message: '`val_size` holds back a part of the data, and no `dataset` is given',
    upstream: 'Cannot specify `val_size` if `dataset` is None.',
    source: SOURCE,
    refuses: ({ values }) => isNone(values['dataset']) && greater(values['val_size'], 1e-6),
  },
  {
    id: 'val-size-with-eval-dataset',
    keys: ['val_size', 'eval_dataset'],
    message: '`val_size` and `eval_dataset` both say what to evaluate on',
    upstream: 'Cannot specify `val_size` if `eval_dataset` is not None.',
    source: SOURCE,
    refuses: ({ values }) => !isNone(values['eval_dataset']) && greater(values['val_size'], 1e-6),
  },
  {
    id: 'interleave-probs-concat',
    keys: ['interleave_probs', 'mix_strategy'],
    message: '`interleave_probs` has a meaning only when data sets are interleaved, and `mix_strategy` is concat',
    upstream: '`interleave_probs` is only valid for interleaved mixing.',
    source: SOURCE,
    refuses: ({ values }) => !isNone(values['interleave_probs']) && equal(values['mix_strategy'], 'concat'),
  },
  {
    keys: ['interleave_probs'],
    source: SOURCE,
    set({ values }) {
      if (isNone(values['interleave_probs'])) return;
      values['interleave_probs'] = items(split(values['interleave_probs'])).map(toFloat);
    },
  },
  probabilities('dataset', 'The length of dataset and interleave probs should be identical.'),
  probabilities('eval_dataset', 'The length of eval dataset and interleave probs should be identical.'),
  {
    id: 'streaming-val-size',
    keys: ['val_size', 'streaming'],
    message: 'a stream has no known length, so `val_size` must be a number of samples, not a fraction',
    upstream: 'Streaming mode should have an integer val size.',
    source: SOURCE,
    refuses: ({ values }) =>
      truthy(values['streaming']) && greater(values['val_size'], 1e-6) && less(values['val_size'], 1),
    change: 'set `val_size` to a number of samples, or remove it',
  },
  {
    id: 'streaming-max-samples',
    keys: ['max_samples', 'streaming'],
    message: '`max_samples` does not go with `streaming`',
    upstream: '`max_samples` is incompatible with `streaming`.',
    source: SOURCE,
    refuses: ({ values }) => truthy(values['streaming']) && !isNone(values['max_samples']),
  },
  {
    id: 'mask-history-train-on-prompt',
    keys: ['mask_history', 'train_on_prompt'],
    message: '`mask_history` learns the last turn only, `train_on_prompt` all: they exclude each other',
    upstream: '`mask_history` is incompatible with `train_on_prompt`.',
    source: SOURCE,
    refuses: ({ values }) => truthy(values['mask_history']) && truthy(values['train_on_prompt']),
  },
  {
    keys: ['cutoff_len', 'packing', 'neat_packing'],
    source: SOURCE,
    set({ values }) {
      if (truthy(values['neat_packing'])) values['packing'] = true;
      if (truthy(values['packing'])) values['cutoff_len'] = lessOne(values['cutoff_len']);
    },
  },
];

/** A comma string becomes a list; anything else stays. */
export function splitComma(key: string, source: string, releases?: Step['releases']): Step {
  return {
    keys: [key],
    releases,
    source,
    set({ values }) {
      if (typeof values[key] === 'string') values[key] = split(values[key]);
    },
  };
}

function split(value: unknown): unknown {
  return typeof value === 'string' ? value.split(',').map((item) => item.trim()) : value;
}

function probabilities(key: 'dataset' | 'eval_dataset', upstream: string): Step {
  return {
    id: `interleave-probs-${key === 'dataset' ? 'dataset' : 'eval-dataset'}`,
    keys: ['interleave_probs', key],
    message: `\`interleave_probs\` must have as many numbers as \`${key}\` has names`,
    upstream,
    source: SOURCE,
    refuses({ values }) {
      if (isNone(values['interleave_probs']) || isNone(values[key]) || equal(values['mix_strategy'], 'concat'))
        return false;
      return length(values[key]) !== length(values['interleave_probs']);
    },
    fix: (state) => evenProbabilities(state, key),
  };
}

function evenProbabilities(state: State, key: string): ReturnType<typeof put> {
  const names = state.values[key];
  const others = state.values[key === 'dataset' ? 'eval_dataset' : 'dataset'];
  const clash = !isNone(others) && length(others) !== length(names);
  if (clash || length(names) === 0) return remove(state, 'interleave_probs');
  const share = Number((1 / length(names)).toFixed(4));
  return put(
    state,
    'interleave_probs',
    items(names)
      .map(() => share)
      .join(','),
  );
}

function lessOne(value: unknown): unknown {
  if (typeof value === 'string' || Array.isArray(value)) {
    throw new PyError('TypeError', "unsupported operand type(s) for -=: 'str' and 'int'", value);
  }
  product(value, 1); // raises for what is no number
  return typeof value === 'number' ? value - 1 : value;
}
