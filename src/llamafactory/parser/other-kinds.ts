import { asJson } from '../../run/as-json';
import type { ParserId } from '../../run/finding-ids';
import type { ConfigKind } from '../../run/run';
import { DATA_STEPS } from './data';
import { FINETUNING_STEPS } from './finetuning';
import { LATER_STEPS } from './later';
import { isNone, MODEL_STEPS } from './model';
import { among, equal, length, needPath } from './python';
import { asksToQuantize } from './quantizes';
import type { State, Step } from './state';
import { TRAIN_STEPS } from './train';

const SOURCE = 'src/llamafactory/hparams/parser.py';
const TUNER = 'src/llamafactory/train/tuner.py, export_model';
const QUANTIZATION = 'src/llamafactory/model/model_utils/quantization.py';

/** What `_verify_model_args` and `_check_extra_dependencies` look at, whatever a config is for. */
const VERIFIED: readonly ParserId[] = [
  'adapter-without-lora',
  'quantization-method-of-tuning',
  'quantization-pissa',
  'quantization-resize-vocab',
  'quantization-new-adapter',
  'quantization-adapters',
  'package-missing',
];

/** What fails once the model is loaded. */
const LOADED: readonly ParserId[] = [
  'template',
  'bnb-bits',
  'double-quantization',
  'quantization-type',
  'bnb-bits-sharded',
  'hqq-quantization',
  'eetq-quantization',
  'package-missing',
  'flash-attn',
];

const ARGUMENT_STEPS = [...MODEL_STEPS, ...DATA_STEPS, ...FINETUNING_STEPS];
const VERIFY_STEPS = [...named(TRAIN_STEPS, VERIFIED), engine('vllm', 'vllm'), engine('sglang', 'sglang')];
const LOAD_STEPS = named(LATER_STEPS, LOADED);

/** `get_infer_args`: what chat, API and export have in common. */
const INFERENCE_STEPS: readonly Step[] = [
  ...ARGUMENT_STEPS,
  vllm('vllm-stage', ['stage', 'infer_backend'], 'vLLM serves models of stage sft only', {
    upstream: 'vLLM engine only supports auto-regressive models.',
    refuses: ({ values }) => !equal(values['stage'], 'sft'),
  }),
  vllm('vllm-quantization', ['quantization_bit', 'infer_backend'], 'vLLM does not quantise on the fly', {
    upstream: 'vLLM engine does not support bnb quantization (GPTQ and AWQ are supported).',
    refuses: ({ values }) => !isNone(values['quantization_bit']),
  }),
  vllm('vllm-rope-scaling', ['rope_scaling', 'infer_backend'], '`rope_scaling` does not reach vLLM', {
    upstream: 'vLLM engine does not support RoPE scaling.',
    refuses: ({ values }) => !isNone(values['rope_scaling']),
  }),
  vllm('vllm-adapters', ['adapter_name_or_path', 'infer_backend'], 'vLLM takes one adapter', {
    upstream: 'vLLM only accepts a single adapter. Merge them first.',
    refuses: ({ values }) => !isNone(values['adapter_name_or_path']) && length(values['adapter_name_or_path']) !== 1,
  }),
  ...VERIFY_STEPS,
];

/** Every check of configs that are not to train, by what they are for, in the order of the real parser. */
export const OTHER_STEPS: Readonly<Record<Exclude<ConfigKind, 'train'>, readonly Step[]>> = {
  export: [
    ...INFERENCE_STEPS,
    {
      id: 'export-dir',
      keys: ['export_dir'],
      missing: true,
      message: 'nothing says where the model goes',
      upstream: 'Please specify `export_dir` to save model.',
      source: TUNER,
      refuses: ({ values }) => isNone(values['export_dir']),
      fix: () => [],
      change: 'set `export_dir` to a folder that is there to be filled',
    },
    {
      id: 'export-adapter-quantization',
      keys: ['export_quantization_bit', 'adapter_name_or_path'],
      message: 'an adapter is merged first, and the merged model quantised in a second export',
      upstream: 'Please merge adapters before quantizing the model.',
      source: TUNER,
      refuses: ({ values }) => !isNone(values['adapter_name_or_path']) && !isNone(values['export_quantization_bit']),
      fix: () => [],
      change: 'export twice: without `export_quantization_bit`, then the result without `adapter_name_or_path`',
    },
    ...LOAD_STEPS,
    ...exportQuantization(),
    {
      id: 'merge-into-quantized',
      keys: ['quantization_bit', 'adapter_name_or_path'],
      message: 'an adapter can not be merged into a model that is quantised when it is loaded',
      upstream: 'Cannot merge adapters to a quantized model.',
      source: TUNER,
      refuses: ({ values }) =>
        !isNone(values['adapter_name_or_path']) &&
        isNone(values['export_quantization_bit']) &&
        ['bnb', 'hqq', 'eetq'].some((method) => asksToQuantize(values, method)),
    },
  ],
  inference: [
    ...INFERENCE_STEPS,
    {
      id: 'unknown-backend',
      keys: ['infer_backend'],
      title: '`infer_backend` is none that chat and API have',
      message: ({ values }) =>
        `\`infer_backend\` is ${asJson(values['infer_backend'])}; allowed: huggingface, vllm, sglang`,
      upstream: 'Unknown backend',
      source: 'src/llamafactory/chat/chat_model.py',
      refuses: ({ values }) => !among(values['infer_backend'], ['huggingface', 'vllm', 'sglang']),
    },
    ...LOAD_STEPS,
    ...exportQuantization(),
  ],
  evaluation: [
    {
      id: 'evaluation-gone',
      keys: ['task'],
      releases: { since: '0.9.4' },
      message: 'the release has no evaluation any more',
      upstream: 'Evaluation will be deprecated in the future.',
      source: 'src/llamafactory/launcher.py',
      refuses: () => true,
      fix: () => [],
      change: 'evaluate with a program made for it, lm-evaluation-harness for example',
    },
    ...ARGUMENT_STEPS,
    {
      id: 'evaluation-save-dir',
      keys: ['save_dir'],
      message: '`save_dir` is there already',
      upstream: '`save_dir` already exists, use another one.',
      source: 'src/llamafactory/hparams/evaluation_args.py',
      refuses({ values, files }) {
        const folder = values['save_dir'];
        if (isNone(folder)) return false;
        needPath(folder);
        return files?.kind(folder) !== undefined;
      },
      fix: () => [],
      change: 'name a folder that is not there',
    },
    ...named(TRAIN_STEPS, ['infer-backend']),
    ...VERIFY_STEPS,
    ...TRAIN_STEPS.filter((step) => 'set' in step && step.keys.includes('seed')),
    ...LOAD_STEPS,
  ],
  webui: [
    {
      id: 'webui-config',
      keys: ['top.model_name'],
      message: 'the file is what LLaMA Board saved for itself, and its fields are no arguments',
      upstream: 'Some keys are not used by the HfArgumentParser',
      source: 'src/llamafactory/webui/common.py, save_args',
      refuses: () => true,
      fix: () => [],
      change:
        'take the training_args.yaml that LLaMA Board writes into the output folder when it trains, or load this file there',
    },
  ],
};

function named(steps: readonly Step[], ids: readonly ParserId[]): Step[] {
  return steps.filter((step) => 'id' in step && ids.includes(step.id));
}

/** Quantising an exported model: its widths, and the packages it takes. */
function exportQuantization(): readonly Step[] {
  return [
    {
      id: 'export-quantization-bit',
      keys: ['export_quantization_bit'],
      title: 'quantising on export takes 8, 4, 3 or 2 bits, and has no part in training',
      message: '`export_quantization_bit` must be 8, 4, 3 or 2',
      upstream: 'AutoGPTQ only accepts 2/3/4/8-bit quantization.',
      source: QUANTIZATION,
      refuses: ({ values }) =>
        !isNone(values['export_quantization_bit']) && !among(values['export_quantization_bit'], [8, 4, 3, 2]),
    },
    {
      id: 'package-missing',
      keys: ['export_quantization_bit'],
      message:
        'quantising on export needs optimum and gptqmodel, which an installation of LLaMA-Factory does not bring',
      upstream: 'No package metadata was found for optimum',
      source: QUANTIZATION,
      refuses: ({ values }) => !isNone(values['export_quantization_bit']),
      fix: () => [],
      change: 'install optimum and gptqmodel where the model is exported',
    },
  ];
}

function engine(backend: string, name: string): Step {
  return {
    id: 'package-missing',
    keys: ['infer_backend'],
    message: `\`infer_backend: ${backend}\` needs ${name}, which an installation of LLaMA-Factory does not bring`,
    upstream: `No package metadata was found for ${name}`,
    source: SOURCE,
    refuses: ({ values }) => equal(values['infer_backend'], backend),
    fix: () => [],
    change: `install ${name} where the model is served`,
  };
}

function vllm(
  id: ParserId,
  keys: readonly string[],
  message: string,
  { upstream, refuses }: { upstream: string; refuses(state: State): boolean },
): Step {
  return {
    id,
    keys,
    message,
    upstream,
    source: `${SOURCE}, get_infer_args`,
    refuses: (state) => equal(state.values['infer_backend'], 'vllm') && refuses(state),
  };
}
