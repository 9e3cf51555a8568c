/** A train config as raw YAML values by key. */
export type Config = Readonly<Record<string, string>>;

/** Changes to one: a raw YAML value by key; null takes the key out. */
export type Patch = Readonly<Record<string, string | null>>;

const COMMON: Config = {
  model_name_or_path: 'Qwen/Qwen3-14B',
  stage: 'sft',
  do_train: 'true',
  finetuning_type: 'lora',
  dataset: 'sft',
  dataset_dir: 'data',
  template: 'qwen',
  output_dir: 'out',
};

/** Runs that every release accepts, to put faults in. */
export const SURROUNDINGS = {
  lora: COMMON,
  full: { ...COMMON, finetuning_type: 'full', deepspeed: 'ds/z2.json', fp16: 'true', learning_rate: '1.0e-5' },
  full3: { ...COMMON, finetuning_type: 'full', deepspeed: 'ds/z3.json', bf16: 'true' },
  freeze: { ...COMMON, finetuning_type: 'freeze', freeze_trainable_layers: '4', learning_rate: '5.0e-5' },
  qlora: {
    ...COMMON,
    quantization_bit: '4',
    quantization_method: 'bnb',
    deepspeed: 'ds/z3.json',
    lora_rank: '8',
    fp16: 'true',
    cutoff_len: '2048',
    save_steps: '20',
    logging_steps: '5',
  },
  qlora8: { ...COMMON, quantization_bit: '8', upcast_layernorm: 'true', lora_target: 'q_proj,v_proj' },
  pretraining: { ...COMMON, stage: 'pt', packing: 'true', template: 'default' },
  reward: { ...COMMON, stage: 'rm', dataset: 'pref' },
  dpo: { ...COMMON, stage: 'dpo', dataset: 'pref', pref_beta: '0.1' },
  kto: { ...COMMON, stage: 'kto' },
  ppo: { ...COMMON, stage: 'ppo', reward_model: 'saves/reward' },
  evaluated: { ...COMMON, val_size: '0.1', eval_strategy: 'steps', eval_steps: '100', save_steps: '100' },
  prediction: { ...COMMON, do_train: 'false', do_eval: 'true', dataset: 'sft', eval_dataset: 'sft' },
  streaming: { ...COMMON, streaming: 'true', max_steps: '100', report_to: 'none' },
} as const satisfies Record<string, Config>;

export type Surrounding = keyof typeof SURROUNDINGS;

/** A config with changes. */
export function patched(config: Config, patch: Patch): Config {
  const result: Record<string, string> = { ...config };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = value;
  }
  return result;
}

/** The YAML text. */
export function textOf(config: Config): string {
  return Object.entries(config)
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('');
}

const AUTO = {
  train_batch_size: 'auto',
  train_micro_batch_size_per_gpu: 'auto',
  gradient_accumulation_steps: 'auto',
  gradient_clipping: 'auto',
  zero_allow_untested_optimizer: true,
  fp16: { enabled: 'auto' },
  bf16: { enabled: 'auto' },
};
const SHARE_GPT = { formatting: 'sharegpt', columns: { messages: 'conversations' } };

/** The files beside the configs, by path. */
export const FILES: Readonly<Record<string, string>> = {
  'ds/z0.json': JSON.stringify({ ...AUTO, zero_optimization: { stage: 0 } }),
  'ds/z2.json': JSON.stringify({ ...AUTO, zero_optimization: { stage: 2 } }),
  'ds/z3.json': JSON.stringify({ ...AUTO, zero_optimization: { stage: 3 } }),
  'ds/z3-offload.json': JSON.stringify({
    ...AUTO,
    zero_optimization: { stage: 3, offload_optimizer: { device: 'cpu' }, offload_param: { device: 'cpu' } },
  }),
  'ds/z3-float.json': JSON.stringify({ ...AUTO, zero_optimization: { stage: 3 } }).replace('"stage":3', '"stage":3.0'),
  'ds/stage-text.json': JSON.stringify({ ...AUTO, zero_optimization: { stage: '3' } }),
  'ds/stage-auto.json': JSON.stringify({ ...AUTO, zero_optimization: { stage: 'auto' } }),
  'ds/no-zero.json': JSON.stringify(AUTO),
  'ds/zero-null.json': JSON.stringify({ ...AUTO, zero_optimization: null }),
  'ds/zero-number.json': JSON.stringify({ ...AUTO, zero_optimization: 3 }),
  'ds/fp16-bool.json': JSON.stringify({ ...AUTO, fp16: true, zero_optimization: { stage: 2 } }),
  'ds/optimizer-text.json': JSON.stringify({ ...AUTO, optimizer: 'AdamW', zero_optimization: { stage: 2 } }),
  'ds/optimizer.json': JSON.stringify({
    ...AUTO,
    optimizer: { type: 'AdamW', params: { lr: 'auto', betas: 'auto' } },
    zero_optimization: { stage: 2 },
  }),
  'ds/offload-text.json': JSON.stringify({ ...AUTO, zero_optimization: { stage: 3, offload_optimizer: 'cpu' } }),
  'ds/offload-text-z1.json': JSON.stringify({ ...AUTO, zero_optimization: { stage: 1, offload_param: 'none' } }),
  'ds/checkpoint.json': JSON.stringify({ ...AUTO, checkpoint: 'here', zero_optimization: { stage: 2 } }),
  'ds/device-list.json': JSON.stringify({
    ...AUTO,
    zero_optimization: { stage: 3, offload_param: { device: ['cpu'] } },
  }),
  'ds/minimal.json': '{"zero_optimization": {}}',
  'ds/empty.json': '{}',
  'ds/list.json': '[1]',
  'ds/broken.json': '{"zero_optimization": {"stage": 3},}',
  'ds/nan.json': '{"zero_optimization": {"stage": 3, "x": NaN}}',
  'ds/minus-nan.json': '{"zero_optimization": {"stage": 2, "x": -NaN}}',
  'accelerator.json': '{"split_batches": true}',
  'accelerator-odd.json': '{"split_batch": true}',
  'fsdp.json': '{"fsdp_min_num_params": 1000}',
  'tokens.yaml': '"<a>": first\n"<b>": second\n',
  'tokens-list.yaml': '- "<a>"\n',
  'tokens-twice.yaml': 'a: first\na: second\n',
  'tokens-empty.yaml': '',
  'tokens-number.yaml': '5\n',
  'tokens-text.yaml': 'just text\n',
  'data/dataset_info.json': JSON.stringify({
    sft: { file_name: 'sft.json' },
    more: { file_name: 'sft.json', formatting: 'alpaca', num_samples: 10 },
    talk: { file_name: 'talk.json', ...SHARE_GPT },
    openai: { file_name: 'talk.json', formatting: 'openai' },
    pref: { file_name: 'pref.json', ranking: true },
    hub: { hf_hub_url: 'someone/some-data' },
    both: { hf_hub_url: 'a/b', ms_hub_url: 'c/d' },
    script: { script_url: 'loader' },
    cloud: { cloud_file_name: 's3://bucket/data.jsonl' },
    folder: { file_name: 'folder' },
    gone: { file_name: 'gone.json' },
    nameless: { formatting: 'alpaca' },
    odd_format: { file_name: 'sft.json', formatting: 'chatml' },
    text_columns: { file_name: 'sft.json', columns: 'instruction' },
    null_columns: { file_name: 'sft.json', columns: null },
    list_tags: { file_name: 'sft.json', tags: ['from'] },
    ranking_text: { file_name: 'sft.json', ranking: 'true' },
    ranking_one: { file_name: 'sft.json', ranking: 1 },
    number_file: { file_name: 7 },
    slash: { file_name: 'sft.json/' },
    text_entry: 'sft.json',
    hub_text_entry: 'hf_hub_url',
  }),
  'data/sft.json': '[]',
  'data/talk.json': '[]',
  'data/pref.json': '[]',
  'data/folder/part.json': '[]',
  'data2/dataset_info.json': '{"sft": {"file_name": "../data/sft.json"}}',
  'broken/dataset_info.json': '{"sft": ',
  'list/dataset_info.json': '["sft"]',
  'null-info/dataset_info.json': 'null',
  'models/awq/config.json': JSON.stringify({
    model_type: 'qwen2',
    quantization_config: { quant_method: 'awq', bits: 4, group_size: 128, version: 'gemm', zero_point: true },
  }),
  'models/gptq/config.json': JSON.stringify({
    model_type: 'qwen2',
    quantization_config: { quant_method: 'gptq', bits: 8, group_size: 128 },
  }),
  'models/bnb/config.json': JSON.stringify({
    model_type: 'qwen2',
    quantization_config: { quant_method: 'bitsandbytes', load_in_4bit: true },
  }),
  'models/fp8/config.json': JSON.stringify({
    model_type: 'qwen3',
    quantization_config: { quant_method: 'fp8', weight_block_size: [128, 128] },
  }),
  'models/empty/config.json': JSON.stringify({ model_type: 'qwen2', quantization_config: {} }),
  'done/adapter_model.safetensors': '',
  'resumable/adapter_model.safetensors': '',
  'resumable/checkpoint-20/trainer_state.json': '{}',
  'logs/trainer_log.jsonl': '',
  'half/checkpoint-x/trainer_state.json': '{}',
  'half/model.safetensors.index.json': '{}',
};
