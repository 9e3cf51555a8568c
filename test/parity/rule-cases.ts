import type { Patch, Surrounding } from './surroundings';

/** One rule of the parser: what breaks it and what comes near and doesn't, each in several surroundings. */
export interface RuleCases {
  readonly rule: string;
  readonly breaks: readonly Patch[];
  readonly passes: readonly Patch[];
  readonly within: readonly Surrounding[];
}

const TUNED: readonly Surrounding[] = ['lora', 'qlora', 'dpo'];
const WHOLE: readonly Surrounding[] = ['full', 'freeze', 'full3'];
const EVALUATED: Patch = { val_size: '0.1', eval_strategy: 'steps', eval_steps: '100' };

function rule(
  id: string,
  breaks: readonly Patch[],
  passes: readonly Patch[],
  within: readonly Surrounding[] = TUNED,
): RuleCases {
  return { rule: id, breaks, passes, within };
}

export const RULE_CASES: readonly RuleCases[] = [
  rule(
    'unknown-argument',
    [
      { learning_rat: '1.0e-4' },
      { evaluation_strategy: 'steps' },
      { compute_dtype: 'float16' },
      { new_special_tokens: '<a>' },
      { '1': 'x' },
      { LearningRate: '1' },
    ],
    [{ learning_rate: '1.0e-4' }, { eval_strategy: '"no"' }, { seed: '1' }],
  ),
  rule(
    'unknown-argument',
    [
      { save_safetensors: 'true', use_kv_cache: 'true' },
      { use_cache: 'true', fp8_backend: 'auto' },
      { group_by_length: 'true', preserve_thinking: 'true' },
      { use_ipex: 'false', module_dropout: '0.1' },
      { chunk_size: '1', use_asft_loss: 'false' },
    ],
    [{ preprocessing_num_workers: '4' }, { enable_thinking: 'false' }],
    ['lora', 'full', 'kto'],
  ),
  rule(
    'split-special-tokens',
    [{ split_special_tokens: 'true' }],
    [{ split_special_tokens: 'true', use_fast_tokenizer: 'false' }, { split_special_tokens: 'false' }],
  ),
  rule(
    'model-missing',
    [{ model_name_or_path: null }, { model_name_or_path: 'null' }],
    [{ model_name_or_path: '/models/qwen' }, { model_name_or_path: '""' }],
  ),
  rule(
    'python-crash',
    [
      { adapter_name_or_path: '[a, b]' },
      { add_tokens: '[a]' },
      { add_special_tokens: '5' },
      { image_max_pixels: 'many' },
      { seed: '1.5' },
      { seed: '-1' },
      { seed: '4294967296' },
      { save_steps: 'often' },
      { warmup_steps: 'few' },
      { lora_rank: 'null' },
      { dataset_dir: '5' },
      { metric_for_best_model: '1' },
      { ddp_timeout: 'long' },
      { ddp_timeout: '.inf' },
      { output_dir: '3' },
      { fsdp_config: 'fsdp-gone.json' },
      { accelerator_config: '{split_batch: true}' },
      { accelerator_config: 'accelerator-odd.json' },
      { accelerator_config: '{use_configured_state: true}' },
      { gradient_checkpointing_kwargs: "'{broken'" },
      { vllm_config: "'{broken'" },
      { use_galore: 'null', finetuning_type: 'full', deepspeed: null, quantization_bit: null },
    ],
    [
      { adapter_name_or_path: 'a' },
      { add_tokens: '"a,b"' },
      { seed: '0' },
      { seed: '4294967295' },
      { seed: 'true' },
      { save_steps: '2.0' },
      { warmup_steps: '5' },
      { lora_rank: '0' },
      { lora_rank: 'eight' },
      { learning_rate: 'abc' },
      { ddp_timeout: '5400.5' },
      { accelerator_config: '{split_batches: true}' },
      { accelerator_config: 'accelerator.json' },
      { accelerator_config: '\'{"even_batches": false}\'' },
      { gradient_checkpointing_kwargs: '\'{"use_reentrant": false}\'' },
      { cutoff_len: '0' },
    ],
  ),
  rule(
    'python-crash',
    [
      { new_special_tokens_config: 'gone.yaml' },
      { new_special_tokens_config: 'tokens-list.yaml' },
      { new_special_tokens_config: 'tokens-twice.yaml' },
    ],
    [
      { new_special_tokens_config: 'tokens.yaml' },
      { new_special_tokens_config: 'tokens.yaml', add_special_tokens: '[a]' },
      { new_special_tokens_config: 'null' },
    ],
  ),
  rule(
    'image-pixels',
    [{ image_max_pixels: '100' }, { image_min_pixels: '1000000' }, { image_max_pixels: '-1' }],
    [{ image_max_pixels: '1024' }, { image_max_pixels: '100', image_min_pixels: '100' }],
  ),
  rule(
    'video-pixels',
    [{ video_max_pixels: '255' }, { video_min_pixels: '70000' }, { video_min_pixels: '65536.5' }],
    [{ video_max_pixels: '256' }, { video_min_pixels: '65536' }],
  ),
  rule(
    'export-quantization-dataset',
    [{ export_quantization_bit: '4' }, { export_quantization_bit: '0' }],
    [{ export_quantization_dataset: 'c4' }, { export_quantization_bit: 'null' }],
  ),
  rule(
    'export-quantization-bit',
    [
      { export_quantization_bit: '4', export_quantization_dataset: 'c4' },
      { export_quantization_bit: '5', export_quantization_dataset: 'c4' },
    ],
    [{ export_quantization_nsamples: '12' }, { export_size: '2' }],
  ),
  rule(
    'val-size-without-dataset',
    [
      { dataset: null, val_size: '0.1' },
      { dataset: 'null', val_size: '100' },
      { dataset: null, val_size: 'abc' },
    ],
    [
      { dataset: null, val_size: '0', do_train: 'false' },
      { dataset: null, val_size: '0.000001', do_train: 'false' },
      { val_size: '0.1' },
    ],
  ),
  rule(
    'val-size-with-eval-dataset',
    [
      { eval_dataset: 'hub', val_size: '0.1' },
      { eval_dataset: 'both', val_size: '1' },
    ],
    [{ eval_dataset: 'hub', val_size: '0' }, { eval_dataset: 'hub', val_size: '-1' }, { val_size: '12' }],
    ['lora', 'qlora', 'full'],
  ),
  rule(
    'interleave-probs-concat',
    [{ interleave_probs: '"1.0"' }, { interleave_probs: '"0.5,0.5"', mix_strategy: 'concat' }],
    [
      { interleave_probs: '"1.0"', mix_strategy: 'interleave_under' },
      { mix_strategy: 'interleave_over' },
      { interleave_probs: 'null' },
    ],
  ),
  rule(
    'interleave-probs-dataset',
    [
      { interleave_probs: '"0.5,0.5"', mix_strategy: 'interleave_under' },
      { interleave_probs: '[0.5, 0.25, 0.25]', mix_strategy: 'interleave_over' },
    ],
    [
      { interleave_probs: '[1]', mix_strategy: 'interleave_under' },
      { interleave_probs: '"0.5, 0.5"', mix_strategy: 'interleave_under', dataset: 'hub,both', stage: 'dpo' },
    ],
  ),
  rule(
    'interleave-probs-eval-dataset',
    [{ interleave_probs: '"1"', mix_strategy: 'interleave_under', eval_dataset: 'hub,both' }],
    [
      { interleave_probs: '"1"', mix_strategy: 'interleave_under', eval_dataset: 'hub' },
      { interleave_probs: '"1_0.5"', mix_strategy: 'interleave_under', eval_dataset: '[hub]' },
    ],
    ['lora', 'qlora', 'dpo'],
  ),
  rule(
    'python-crash',
    [
      { interleave_probs: '"a,b"', mix_strategy: 'interleave_under' },
      { interleave_probs: '0.5', mix_strategy: 'interleave_under' },
      { packing: 'true', cutoff_len: 'long' },
    ],
    [
      { interleave_probs: '["nan"]', mix_strategy: 'interleave_under' },
      { packing: 'false', cutoff_len: 'long' },
    ],
  ),
  rule(
    'streaming-val-size',
    [
      { streaming: 'true', max_steps: '10', val_size: '0.1' },
      { streaming: 'true', max_steps: '5', val_size: '0.99' },
    ],
    [
      { streaming: 'true', max_steps: '10', val_size: '1' },
      { streaming: 'true', max_steps: '10', val_size: '1.0' },
    ],
  ),
  rule(
    'streaming-max-samples',
    [
      { streaming: 'true', max_steps: '10', max_samples: '100' },
      { streaming: '1', max_steps: '10', max_samples: '0' },
    ],
    [
      { streaming: 'false', max_samples: '100' },
      { streaming: 'true', max_steps: '10', max_samples: 'null' },
    ],
  ),
  rule(
    'streaming-max-steps',
    [{ streaming: 'true' }, { streaming: 'true', max_steps: '-1' }],
    [{ streaming: 'true', max_steps: '0' }, { streaming: 'true', max_steps: '-2' }, { max_steps: '-1' }],
  ),
  rule(
    'mask-history-train-on-prompt',
    [
      { mask_history: 'true', train_on_prompt: 'true' },
      { mask_history: '1', train_on_prompt: '"yes"' },
    ],
    [{ mask_history: 'true' }, { train_on_prompt: 'true' }, { mask_history: 'true', train_on_prompt: 'false' }],
    ['lora', 'qlora', 'full'],
  ),
  rule(
    'ray-storage-filesystem',
    [{ ray_storage_filesystem: 'hdfs' }, { ray_storage_filesystem: 'S3' }],
    [{ ray_storage_filesystem: 'null' }, { ray_num_workers: '2' }],
  ),
  ...[
    ['eval-strategy', 'eval_strategy', 'step', 'evals', '"no"', 'no'],
    ['logging-strategy', 'logging_strategy', 'batch', 'null', 'epoch', '"no"'],
    ['save-strategy', 'save_strategy', 'bests', '1', 'best', 'epoch'],
    ['hub-strategy', 'hub_strategy', 'always', '', 'end', 'checkpoint'],
    ['lr-scheduler', 'lr_scheduler_type', 'cosin', 'null', 'cosine', 'warmup_stable_decay'],
    ['optim', 'optim', 'adam', 'adamw_hf', 'adamw_torch', 'paged_adamw_8bit'],
  ].map(([id = '', key = '', wrong = '', odd = '', right = '', other = '']) =>
    rule(id, [{ [key]: wrong }, { [key]: odd }, { [key]: '[a]' }], [{ [key]: right }, { [key]: other }]),
  ),
  rule('lr-scheduler', [{ lr_scheduler_type: 'cosine_warmup_min_lr' }], [{ lr_scheduler_type: 'polynomial' }]),
  rule(
    'lr-scheduler',
    [{ lr_scheduler_type: 'cosine_warmup_with_min_lr' }],
    [{ lr_scheduler_type: 'cosine_with_min_lr' }],
  ),
  rule('optim', [{ optim: 'stable_adamw' }, { optim: 'AdamW' }], [{ optim: 'adafactor' }, { optim: 'sgd' }]),
  rule(
    'debug-option',
    [{ debug: 'overflow' }, { debug: '"underflow_overflow all"' }],
    [{ debug: 'underflow_overflow' }, { debug: '""' }, { debug: '[x]' }],
  ),
  rule(
    'torch-empty-cache-steps',
    [{ torch_empty_cache_steps: '0' }, { torch_empty_cache_steps: '2.0' }, { torch_empty_cache_steps: 'false' }],
    [{ torch_empty_cache_steps: '4' }, { torch_empty_cache_steps: 'true' }, { torch_empty_cache_steps: 'null' }],
  ),
  rule(
    'eval-steps-missing',
    [
      { val_size: '0.1', eval_strategy: 'steps', logging_steps: '-1' },
      { val_size: '0.1', eval_strategy: 'steps', eval_steps: '0', logging_steps: '-0.5' },
    ],
    [
      { val_size: '0.1', eval_strategy: 'steps' },
      { val_size: '0.1', eval_strategy: 'steps', logging_steps: '0.5' },
      { val_size: '0.1', eval_strategy: 'epoch', logging_steps: '-1' },
    ],
  ),
  rule(
    'logging-steps-zero',
    [{ logging_steps: '0' }, { logging_steps: 'false' }, { logging_steps: '0.0' }],
    [{ logging_steps: '0', logging_strategy: 'epoch' }, { logging_steps: '0.1' }, { logging_steps: '-5' }],
  ),
  ...['logging', 'save'].map((kind) =>
    rule(
      `${kind}-steps-whole`,
      [{ [`${kind}_steps`]: '1.5' }, { [`${kind}_steps`]: '100.1' }],
      [
        { [`${kind}_steps`]: '100.0' },
        { [`${kind}_steps`]: '0.25' },
        { [`${kind}_steps`]: '1.5', [`${kind}_strategy`]: 'epoch' },
      ],
    ),
  ),
  rule(
    'eval-steps-whole',
    [
      { ...EVALUATED, eval_steps: '1.5' },
      { ...EVALUATED, eval_steps: '20.25' },
    ],
    [{ ...EVALUATED, eval_steps: '20.0' }, { ...EVALUATED, eval_steps: '0.3' }, { eval_steps: '1.5' }],
  ),
  rule(
    'best-model-strategies',
    [
      { load_best_model_at_end: 'true' },
      { ...EVALUATED, load_best_model_at_end: 'true', save_strategy: 'epoch' },
      { ...EVALUATED, load_best_model_at_end: 'true', eval_strategy: 'epoch' },
    ],
    [
      { ...EVALUATED, load_best_model_at_end: 'true', save_steps: '100' },
      { ...EVALUATED, load_best_model_at_end: 'true', save_strategy: 'best' },
      { load_best_model_at_end: 'true', save_strategy: '"no"' },
    ],
  ),
  rule(
    'best-model-steps',
    [
      { ...EVALUATED, load_best_model_at_end: 'true', save_steps: '150' },
      { ...EVALUATED, load_best_model_at_end: 'true', save_steps: '0.5' },
      { ...EVALUATED, load_best_model_at_end: 'true', save_steps: '0.5', eval_steps: '0.3' },
    ],
    [
      { ...EVALUATED, load_best_model_at_end: 'true', save_steps: '300' },
      { ...EVALUATED, load_best_model_at_end: 'true', save_steps: '0.3', eval_steps: '0.1' },
      { ...EVALUATED, load_best_model_at_end: 'true', save_steps: '-100' },
    ],
  ),
  rule(
    'fp16-and-bf16',
    [
      { fp16: 'true', bf16: 'true' },
      { fp16: '1', bf16: 'yes' },
    ],
    [
      { fp16: 'true', bf16: 'false' },
      { fp16: 'false', bf16: 'true' },
    ],
  ),
  rule(
    'fp16-and-bf16-full-eval',
    [{ fp16_full_eval: 'true', bf16_full_eval: 'true' }],
    [{ fp16_full_eval: 'true' }, { bf16_full_eval: 'true' }],
  ),
  rule(
    'bf16-apex',
    [{ fp16: 'false', bf16: 'true', half_precision_backend: 'apex' }],
    [{ bf16_full_eval: 'true' }, { fp16: 'true' }],
  ),
  rule(
    'apex-missing',
    [{ half_precision_backend: 'apex' }, { fp16_backend: 'apex' }],
    [{ fp16: 'true' }, { fp16: 'false' }],
  ),
  rule(
    'reduce-lr-on-plateau-without-evaluation',
    [{ lr_scheduler_type: 'reduce_lr_on_plateau' }],
    [{ ...EVALUATED, lr_scheduler_type: 'reduce_lr_on_plateau' }, { lr_scheduler_type: 'linear' }],
  ),
  rule(
    'greedy-without-evaluation',
    [{ lr_scheduler_type: 'greedy' }],
    [
      { ...EVALUATED, lr_scheduler_type: 'constant' },
      { ...EVALUATED, lr_scheduler_type: 'inverse_sqrt' },
    ],
  ),
  rule(
    'ddp-backend',
    [
      { use_cpu: 'true', ddp_backend: 'nccl' },
      { use_cpu: 'true', ddp_backend: 'mpi' },
    ],
    [{ ddp_backend: 'nccl' }, { use_cpu: 'true', ddp_backend: 'gloo' }, { use_cpu: 'true' }],
    ['lora', 'dpo', 'freeze'],
  ),
  rule('tf32', [{ tf32: 'true' }, { tf32: '"no"' }], [{ tf32: 'false' }, { tf32: 'null' }]),
  rule(
    'warmup-ratio',
    [{ warmup_ratio: '1.5' }, { warmup_ratio: '-0.1' }, { warmup_ratio: '2' }],
    [{ warmup_ratio: '0.1' }, { warmup_ratio: '1' }, { warmup_ratio: '0.1', warmup_steps: '10' }],
  ),
  rule(
    'warmup-steps',
    [{ warmup_steps: '0.1' }, { warmup_steps: '10.0' }, { warmup_steps: '-1' }],
    [{ warmup_steps: '10' }, { warmup_steps: 'true' }],
  ),
  rule(
    'warmup-steps-negative',
    [{ warmup_steps: '-1' }, { warmup_ratio: '-0.5' }],
    [{ warmup_steps: '0' }, { warmup_ratio: '0.03', warmup_steps: '100' }],
  ),
  rule(
    'prefetch-without-workers',
    [{ dataloader_prefetch_factor: '2' }, { dataloader_prefetch_factor: '0', dataloader_num_workers: '0' }],
    [{ dataloader_prefetch_factor: '2', dataloader_num_workers: '4' }, { dataloader_prefetch_factor: 'null' }],
  ),
  rule(
    'hub-model-id-offline',
    [{ push_to_hub_model_id: 'mine' }],
    [{ hub_model_id: 'me/mine' }, { hub_private_repo: 'true' }],
  ),
  rule(
    'fsdp-option',
    [{ fsdp: 'full' }, { fsdp: '"full_shard shard"' }],
    [{ fsdp: 'full_shard' }, { fsdp: '""' }],
    ['lora', 'dpo', 'freeze'],
  ),
  rule(
    'fsdp-offload-alone',
    [{ fsdp: 'offload' }, { fsdp: '[offload]' }],
    [{ fsdp: '"full_shard offload"' }, { fsdp: '[full_shard, auto_wrap]' }],
    ['lora', 'dpo', 'freeze'],
  ),
  rule(
    'fsdp-two-strategies',
    [{ fsdp: '"full_shard shard_grad_op"' }, { fsdp: '[shard_grad_op, full_shard]' }],
    [{ fsdp: '"shard_grad_op auto_wrap"' }, { fsdp: 'hybrid_shard' }],
    ['lora', 'dpo', 'freeze'],
  ),
  rule(
    'fsdp-wrap-policies',
    [{ fsdp: 'full_shard', fsdp_config: '{min_num_params: 10, transformer_layer_cls_to_wrap: Layer}' }],
    [
      { fsdp: 'full_shard', fsdp_config: '{transformer_layer_cls_to_wrap: Layer}' },
      { fsdp: 'full_shard', fsdp_config: 'fsdp.json' },
      { fsdp_config: '{min_num_params: 10, transformer_layer_cls_to_wrap: [Layer]}' },
    ],
    ['lora', 'dpo', 'freeze'],
  ),
  rule(
    'fsdp-loading',
    [{ fsdp: 'full_shard', fsdp_config: '{cpu_ram_efficient_loading: true, sync_module_states: false}' }],
    [
      { fsdp: 'full_shard', fsdp_config: '{cpu_ram_efficient_loading: true}' },
      { fsdp_config: '{cpu_ram_efficient_loading: true, sync_module_states: false}' },
    ],
    ['lora', 'dpo', 'freeze'],
  ),
  rule(
    'python-crash',
    [
      { fsdp: 'full_shard', fsdp_config: '{min_num_params: many}' },
      { fsdp: 'full_shard', fsdp_config: '{backward_prefetch: 1}' },
      { fsdp: '5' },
      { fsdp_config: '[a]' },
      { fsdp: '[1]' },
    ],
    [
      { fsdp: 'true' },
      { fsdp: 'full_shard', fsdp_config: '{backward_prefetch: backward_pre, use_orig_params: false}' },
      { fsdp_config: '{}' },
    ],
    ['lora', 'dpo', 'freeze'],
  ),
  rule(
    'deepspeed-config',
    [
      { deepspeed: 'ds/gone.json' },
      { deepspeed: './z3.json' },
      { deepspeed: '"not json"' },
      { deepspeed: Buffer.from('{"zero_optimization": {"stage": 2}}').toString('base64url') },
    ],
    [
      { deepspeed: 'ds/z2.json' },
      { deepspeed: './ds/z3-offload.json' },
      { deepspeed: '{zero_optimization: {stage: 2}}' },
      { deepspeed: `'${JSON.stringify({ zero_optimization: { stage: 2 } })}'` },
      { deepspeed: Buffer.from('{"zero_optimization": {"stage": 2}}').toString('base64') },
      { deepspeed: '""' },
    ],
    ['lora', 'dpo', 'kto'],
  ),
  rule(
    'deepspeed-zero-optimization',
    [{ deepspeed: 'ds/no-zero.json' }, { deepspeed: 'ds/empty.json' }, { deepspeed: '{train_batch_size: auto}' }],
    [{ deepspeed: 'ds/minimal.json' }, { deepspeed: 'ds/zero-null.json' }, { deepspeed: '{}' }],
    ['lora', 'dpo', 'full'],
  ),
  rule(
    'python-crash',
    [
      { deepspeed: 'ds/zero-number.json' },
      { deepspeed: 'ds/fp16-bool.json' },
      { deepspeed: 'ds/optimizer-text.json' },
      { deepspeed: 'ds/offload-text.json' },
      { deepspeed: 'ds/offload-text-z1.json' },
      { deepspeed: 'ds/device-list.json' },
      { deepspeed: 'ds/list.json' },
      { deepspeed: 'ds/broken.json' },
      { deepspeed: 'ds' },
      { deepspeed: '5' },
      { deepspeed: 'ds/checkpoint.json', save_on_each_node: 'true' },
      { deepspeed: 'ds/z2.json', per_device_train_batch_size: 'null' },
      { deepspeed: 'ds/z2.json', gradient_accumulation_steps: 'many', per_device_train_batch_size: 'few' },
    ],
    [
      { deepspeed: 'ds/optimizer.json' },
      { deepspeed: 'ds/z0.json' },
      { deepspeed: 'ds/nan.json' },
      { deepspeed: 'ds/checkpoint.json' },
      { deepspeed: 'ds/z2.json', save_on_each_node: 'true' },
      { deepspeed: 'ds/z2.json', per_device_train_batch_size: 'few' },
      { deepspeed: 'ds/z2.json', gradient_accumulation_steps: '2.5' },
      { deepspeed: 'ds/stage-text.json' },
      { deepspeed: 'ds/stage-auto.json' },
    ],
    ['lora', 'dpo', 'full'],
  ),
  rule(
    'finetuning-type',
    [{ finetuning_type: 'qlora' }, { finetuning_type: 'LoRA' }, { finetuning_type: 'null' }],
    [{ finetuning_type: 'lora' }, { finetuning_type: 'lora', lora_rank: '4' }],
  ),
  rule(
    'finetuning-type',
    [{ finetuning_type: 'ia3' }],
    [{ finetuning_type: 'full' }, { finetuning_type: 'freeze' }, { finetuning_type: 'oft' }],
    ['lora', 'dpo', 'kto'],
  ),
  rule(
    'ref-model-quantization-bit',
    [{ ref_model_quantization_bit: '2' }, { ref_model_quantization_bit: '"4"' }],
    [
      { ref_model_quantization_bit: '4' },
      { ref_model_quantization_bit: '8.0' },
      { ref_model_quantization_bit: 'null' },
    ],
  ),
  rule(
    'reward-model-quantization-bit',
    [{ reward_model_quantization_bit: '16' }, { reward_model_quantization_bit: '0' }],
    [{ reward_model_quantization_bit: '8' }, { reward_model_quantization_bit: '4.0' }],
  ),
  rule(
    'ppo-reward-model',
    [
      { reward_model: null },
      { reward_model: 'null', reward_model_type: 'full' },
      { reward_model: null, ppo_epochs: '2' },
    ],
    [{ reward_model: 'saves/other' }, { reward_model: '""' }],
    ['ppo'],
  ),
  rule(
    'reward-model-type-lora',
    [
      { finetuning_type: 'full' },
      { finetuning_type: 'freeze' },
      { finetuning_type: 'full', reward_model_type: 'lora' },
    ],
    [
      { finetuning_type: 'full', reward_model_type: 'full' },
      { reward_model_type: 'api' },
      { reward_model_type: 'lora' },
    ],
    ['ppo'],
  ),
  rule(
    'reward-model-type-oft',
    [
      { reward_model_type: 'oft' },
      { reward_model_type: 'oft', finetuning_type: 'full' },
      { reward_model_type: 'oft', finetuning_type: 'freeze' },
    ],
    [{ reward_model_type: 'full' }, { reward_model_type: 'Lora' }],
    ['ppo'],
  ),
  rule(
    'dpo-label-smoothing',
    [
      { pref_loss: 'hinge', dpo_label_smoothing: '0.1' },
      { pref_loss: 'simpo', dpo_label_smoothing: '0.5' },
      { pref_loss: 'ipo', dpo_label_smoothing: '1' },
    ],
    [
      { dpo_label_smoothing: '0.1' },
      { pref_loss: 'hinge', dpo_label_smoothing: '0.0000001' },
      { pref_loss: 'orpo', dpo_label_smoothing: '0' },
    ],
    ['dpo'],
  ),
  rule(
    'llama-pro-full',
    [{ finetuning_type: 'full', use_llama_pro: 'true' }],
    [
      { finetuning_type: 'freeze', use_llama_pro: 'true' },
      { use_llama_pro: 'true', finetuning_type: 'lora' },
    ],
    ['lora', 'dpo', 'kto'],
  ),
  rule(
    'lora-memory-optimizer',
    [{ use_galore: 'true' }, { use_apollo: 'true' }, { use_badam: 'true' }],
    [{ use_galore: 'false' }, { use_badam: 'false', galore_rank: '8' }],
  ),
  rule(
    'two-memory-optimizers',
    [{ use_galore: 'true', use_badam: 'true' }, { use_galore: 'true', use_apollo: 'true' }, { use_badam: '2' }],
    [{ use_galore: 'false', use_apollo: 'false' }, { galore_target: 'mlp' }],
    WHOLE,
  ),
  rule(
    'pissa-stage',
    [
      { pissa_init: 'true', stage: 'kto' },
      { pissa_init: 'true', stage: 'dpo', dataset: 'pref' },
      { pissa_init: 'true', stage: 'ppo', reward_model: 'r' },
    ],
    [
      { pissa_init: 'true', stage: 'dpo', pref_loss: 'orpo', dataset: 'pref' },
      { pissa_init: 'true' },
      { pissa_iter: '4' },
    ],
    ['lora'],
  ),
  rule(
    'loraplus-without-lora',
    [{ loraplus_lr_ratio: '16.0' }, { loraplus_lr_ratio: '0' }],
    [{ loraplus_lr_embedding: '1.0e-6' }, { loraplus_lr_ratio: 'null' }],
    WHOLE,
  ),
  ...['use_rslora', 'use_dora', 'pissa_init'].map((key) =>
    rule(
      `${key.replaceAll('_', '-')}-without-lora`,
      [{ [key]: 'true' }, { [key]: '1' }],
      [{ [key]: 'false' }, { [key]: '""' }],
      WHOLE,
    ),
  ),
  rule(
    'use-rslora-without-lora',
    [{ use_rslora: 'true', finetuning_type: 'full', quantization_bit: null }],
    [{ use_rslora: 'true' }, { use_dora: 'true' }],
  ),
  ...['neat_packing', 'train_on_prompt', 'mask_history', 'predict_with_generate'].map((key) =>
    rule(
      `${key.replaceAll('_', '-')}-without-sft`,
      [{ [key]: 'true' }],
      [{ [key]: 'false' }, { [key]: 'null' }],
      ['dpo', 'kto', 'pretraining'],
    ),
  ),
  rule(
    'predict-without-generate',
    [
      { do_predict: 'true', eval_dataset: 'hub' },
      { do_predict: 'true', eval_dataset: 'sft', predict_with_generate: 'false' },
    ],
    [{ do_predict: 'false' }, { do_eval: 'true', val_size: '0.2' }],
    ['lora', 'full', 'qlora'],
  ),
  rule(
    'best-model-stage',
    [
      { ...EVALUATED, load_best_model_at_end: 'true', save_steps: '200' },
      { load_best_model_at_end: 'true', save_strategy: 'best' },
    ],
    [{ ...EVALUATED }, { load_best_model_at_end: 'false' }],
    ['reward', 'ppo'],
  ),
  rule(
    'ppo-without-training',
    [{ do_train: 'false' }, { do_train: null }, { do_train: 'null', do_eval: 'true', val_size: '0.1' }],
    [{ do_train: 'true' }, { do_train: '1' }],
    ['ppo'],
  ),
  rule(
    'ppo-shift-attn',
    [{ shift_attn: 'true' }, { shift_attn: '1' }, { shift_attn: 'true', flash_attn: 'sdpa' }],
    [{ shift_attn: 'false' }, { flash_attn: 'sdpa' }],
    ['ppo'],
  ),
  rule(
    'ppo-unsloth',
    [{ use_unsloth: 'true' }, { use_unsloth: '1' }, { use_unsloth: 'true', use_unsloth_gc: 'true' }],
    [{ use_unsloth: 'false' }, { use_unsloth_gc: 'true' }],
    ['ppo'],
  ),
  rule(
    'ppo-kt',
    [{ use_kt: 'true' }, { use_kt: '1' }, { use_kt: 'true', lora_rank: '4' }],
    [{ lora_rank: '4' }, { lora_alpha: '4' }],
    ['ppo'],
  ),
  rule(
    'ppo-report-to',
    [{ report_to: 'mlflow' }, { report_to: '[swanlab, wandb]' }, { report_to: '[neptune]' }],
    [
      { report_to: 'none' },
      { report_to: 'wandb' },
      { report_to: '[tensorboard]' },
      { report_to: '[wandb, mlflow]' },
      { report_to: '[]' },
    ],
    ['ppo'],
  ),
  rule(
    'train-without-dataset',
    [{ dataset: null }, { dataset: 'null' }],
    [{ dataset: null, do_train: 'false' }, { dataset: '[]' }],
  ),
  rule(
    'evaluation-without-data',
    [
      { do_eval: 'true' },
      { eval_strategy: 'epoch' },
      { eval_strategy: 'steps', eval_steps: '10' },
      { do_eval: 'true', val_size: '0.0000001' },
    ],
    [
      { do_eval: 'true', val_size: '0.1' },
      { do_eval: 'true', eval_dataset: 'hub' },
      { do_eval: 'null', eval_strategy: 'epoch' },
    ],
  ),
  rule(
    'predict-with-zero3',
    [
      { predict_with_generate: 'true', eval_dataset: 'sft' },
      { predict_with_generate: 'true', val_size: '0.1' },
    ],
    [{ predict_with_generate: 'false', eval_dataset: 'sft' }, { predict_with_generate: '0' }],
    ['qlora', 'full3'],
  ),
  rule(
    'predict-without-eval-dataset',
    [{ predict_with_generate: 'true', val_size: '0.1' }, { predict_with_generate: 'true' }],
    [{ val_size: '0.1' }, { eval_dataset: 'sft' }],
    ['lora', 'full', 'freeze'],
  ),
  rule(
    'predict-with-accuracy',
    [{ predict_with_generate: 'true', compute_accuracy: 'true', eval_dataset: 'sft' }],
    [{ compute_accuracy: 'true' }, { compute_accuracy: 'true', val_size: '0.1' }],
    ['lora', 'full', 'freeze'],
  ),
  rule(
    'device-map-in-training',
    [{ quantization_device_map: 'auto' }],
    [
      { quantization_device_map: 'null' },
      { quantization_device_map: 'cpu' },
      { quantization_device_map: 'auto', do_train: 'false' },
    ],
  ),
  rule(
    'pissa-zero3',
    [
      { pissa_init: 'true', quantization_bit: null },
      { pissa_init: 'true', quantization_bit: null, deepspeed: 'ds/z3-float.json' },
      { pissa_init: 'true', quantization_bit: null, pissa_iter: '4' },
    ],
    [
      { pissa_init: 'true', quantization_bit: null, deepspeed: 'ds/z2.json' },
      { pissa_init: 'true', quantization_bit: null, deepspeed: 'ds/stage-text.json' },
    ],
    ['qlora'],
  ),
  rule(
    'pure-bf16-zero3',
    [{ pure_bf16: 'true' }, { pure_bf16: 'true', deepspeed: 'ds/z3-offload.json' }],
    [{ pure_bf16: 'true', deepspeed: 'ds/z2.json' }, { pure_bf16: 'false' }],
    ['qlora', 'full3'],
  ),
  rule(
    'galore-layerwise',
    [{ use_galore: 'true', galore_layerwise: 'true' }],
    [{ galore_layerwise: 'true' }, { galore_layerwise: 'false' }],
    WHOLE,
  ),
  rule(
    'apollo-layerwise',
    [{ use_apollo: 'true', apollo_layerwise: 'true' }],
    [{ apollo_layerwise: 'true' }, { apollo_rank: '8' }],
    WHOLE,
  ),
  rule(
    'badam-ratio',
    [{ use_badam: 'true', badam_mode: 'ratio' }],
    [{ badam_mode: 'ratio' }, { badam_mode: 'layer' }],
    WHOLE,
  ),
  rule(
    'badam-zero3',
    [
      { use_badam: 'true', deepspeed: 'ds/z2.json' },
      { use_badam: 'true', deepspeed: null },
    ],
    [{ use_badam: 'false' }, { badam_switch_interval: '10' }],
    WHOLE,
  ),
  rule(
    'deepspeed-memory-optimizer',
    [
      { use_galore: 'true', deepspeed: 'ds/z2.json' },
      { use_apollo: 'true', deepspeed: 'ds/z3.json' },
      { use_galore: 'true', deepspeed: '""' },
    ],
    [{ galore_scale: '1.0' }, { apollo_scale: '1.0' }],
    WHOLE,
  ),
  rule('fp8-quantization', [{ fp8: 'true' }], [{ fp16: 'false' }, { quantization_bit: null }], ['qlora', 'qlora8']),
  rule(
    'infer-backend',
    [{ infer_backend: 'vllm' }, { infer_backend: 'sglang' }, { infer_backend: 'hf' }],
    [{ infer_backend: 'huggingface' }, { infer_dtype: 'float16' }],
  ),
  rule(
    'unsloth-zero3',
    [{ use_unsloth: 'true' }],
    [{ use_unsloth: 'false' }, { use_unsloth: '0' }],
    ['qlora', 'full3'],
  ),
  rule(
    'kt-zero3',
    [{ use_kt: 'true' }],
    [{ low_cpu_mem_usage: 'false' }, { print_param_status: 'true' }],
    ['qlora', 'full3'],
  ),
  rule(
    'neat-packing-transformers',
    [{ neat_packing: 'true' }, { neat_packing: '1', packing: 'true' }],
    [{ packing: 'true' }, { neat_packing: 'false' }],
    ['lora', 'qlora', 'full'],
  ),
  rule(
    'adapter-without-lora',
    [{ adapter_name_or_path: 'saves/a' }],
    [{ adapter_name_or_path: 'null' }, { adapter_folder: 'x' }],
    WHOLE,
  ),
  rule(
    'quantization-method-of-tuning',
    [{ quantization_bit: '4' }, { quantization_bit: '0' }],
    [{ quantization_bit: 'null' }, { quantization_method: 'bnb' }],
    WHOLE,
  ),
  rule(
    'quantization-method-of-tuning',
    [{ quantization_bit: '4', finetuning_type: 'full' }],
    [{ quantization_bit: '4' }, { quantization_bit: '4', finetuning_type: 'oft' }],
    ['lora', 'dpo', 'kto'],
  ),
  rule(
    'quantization-pissa',
    [{ pissa_init: 'true' }, { pissa_init: '1' }],
    [{ pissa_init: 'false' }, { pissa_init: 'true', quantization_bit: null, deepspeed: null }],
    ['qlora', 'qlora8'],
  ),
  rule(
    'quantization-resize-vocab',
    [{ resize_vocab: 'true' }, { resize_vocab: '1' }],
    [{ resize_vocab: 'false' }, { resize_vocab: 'true', quantization_bit: null }],
    ['qlora', 'qlora8'],
  ),
  rule(
    'quantization-new-adapter',
    [
      { adapter_name_or_path: 'a', create_new_adapter: 'true' },
      { adapter_name_or_path: '""', create_new_adapter: 'true' },
    ],
    [{ adapter_name_or_path: 'a' }, { create_new_adapter: 'true' }],
    ['qlora', 'qlora8'],
  ),
  rule(
    'quantization-adapters',
    [{ adapter_name_or_path: '"a,b"' }, { adapter_name_or_path: '"a, b, c"' }],
    [{ adapter_name_or_path: 'a' }, { adapter_name_or_path: '"a,b"', quantization_bit: null }],
    ['qlora', 'qlora8'],
  ),
  ...['use_unsloth', 'enable_liger_kernel', 'use_adam_mini', 'use_swanlab'].map((key) =>
    rule(
      'package-missing',
      [{ [key]: 'true' }, { [key]: '"false"' }],
      [{ [key]: 'false' }, { [key]: 'null' }],
      ['lora', 'qlora8', 'full'],
    ),
  ),
  rule(
    'package-missing',
    [{ mixture_of_depths: 'convert' }, { mixture_of_depths: 'false' }],
    [{ mixture_of_depths: 'null' }, { plot_loss: 'true' }],
  ),
  rule(
    'package-missing',
    [
      { use_galore: 'true', deepspeed: null },
      { use_apollo: 'true', deepspeed: null },
    ],
    [{ use_muon: 'true' }, { use_galore: 'false' }],
    WHOLE,
  ),
  rule(
    'package-missing',
    [{ predict_with_generate: 'true', eval_dataset: 'sft' }],
    [{ eval_dataset: 'sft' }, { predict_with_generate: 'false' }],
    ['lora', 'full', 'freeze'],
  ),
  rule(
    'package-missing',
    [{ use_kt: 'true' }],
    [{ use_reentrant_gc: 'false' }, { disable_gradient_checkpointing: 'true' }],
    ['lora', 'full', 'freeze'],
  ),
  rule(
    'trackio-project',
    [
      { report_to: 'trackio', project: '""' },
      { report_to: '[wandb, trackio]', project: 'null' },
    ],
    [{ report_to: 'trackio' }, { report_to: 'tensorboard' }],
  ),
  rule(
    'output-dir-not-empty',
    [{ output_dir: 'done' }, { output_dir: 'half' }, { output_dir: './done/' }],
    [
      { output_dir: 'resumable' },
      { output_dir: 'logs' },
      { output_dir: 'done', overwrite_output_dir: 'true' },
      { output_dir: 'done', resume_from_checkpoint: 'x' },
      { output_dir: 'done', do_train: 'false' },
    ],
  ),
  rule(
    'output-dir-not-empty',
    [{ output_dir: 'done' }],
    [{ output_dir: 'done', finetuning_type: 'full' }, { output_dir: 'resumable' }],
    ['reward'],
  ),
  rule(
    'template',
    [{ template: 'qwen9' }, { template: 'Qwen' }, { template: '5' }, { template: 'belle2' }],
    [{ template: 'qwen3' }, { template: 'chatml' }, { template: 'null' }, { template: null }],
  ),
  rule(
    'template',
    [{ template: 'qwen3_nothink' }, { template: 'baichuan2' }, { template: 'gemma4' }],
    [{ template: 'llama3' }, { template: 'empty' }],
  ),
  rule(
    'dataset',
    [
      { dataset: 'sftt' },
      { dataset: 'sft,' },
      { dataset: 'sft,gone' },
      { dataset: 'pref' },
      { dataset: 'odd_format' },
      { eval_dataset: 'missing' },
      { dataset_dir: 'nowhere' },
      { dataset_dir: 'broken' },
      { dataset_dir: 'REMOTE:someone/data' },
      { dataset: '[sft, [a]]' },
    ],
    [
      { dataset: 'sft,more' },
      { dataset: '[sft, talk]' },
      { dataset: 'openai' },
      { dataset: 'folder' },
      { dataset: 'hub' },
      { dataset: 'script,cloud' },
      { dataset: 'ranking_text' },
      { dataset: 'ranking_one' },
      { dataset_dir: 'ONLINE', dataset: 'some/thing' },
      { dataset_dir: './data/' },
      { dataset_dir: 'data2' },
      { dataset: '{sft: 1}' },
    ],
    ['lora', 'qlora', 'kto'],
  ),
  rule(
    'dataset',
    [
      { dataset: 'nameless' },
      { dataset: 'text_columns' },
      { dataset: 'null_columns' },
      { dataset: 'list_tags' },
      { dataset: 'number_file' },
      { dataset: 'text_entry' },
      { dataset: 'hub_text_entry' },
    ],
    [{ dataset: 'both' }, { dataset: 'sft, talk' }],
    ['lora', 'qlora', 'kto'],
  ),
  rule(
    'dataset',
    [{ dataset_dir: 'ONLINE', dataset: 'some/thing' }, { dataset: 'text_entry' }, { dataset: 'sft,pref' }],
    [{ dataset: 'pref' }, { dataset: 'ranking_one' }],
    ['reward'],
  ),
  rule(
    'python-crash',
    [{ dataset: '5' }, { dataset_dir: 'list' }, { dataset_dir: 'null' }],
    [{ dataset: 'both' }, { dataset: 'sft, talk' }],
    ['lora', 'qlora', 'kto'],
  ),
  rule(
    'dataset',
    [{ dataset_dir: '{sft: {hf_hub_url: a/b}}', dataset: 'other' }],
    [{ dataset: 'more' }, { dataset: 'cloud' }],
    ['lora', 'qlora', 'kto'],
  ),
  rule(
    'python-crash',
    [{ dataset_dir: '{sft: {file_name: sft.json}}' }],
    [{ dataset_dir: '{sft: {hf_hub_url: a/b}}', stage: 'dpo' }],
    ['lora', 'qlora', 'kto'],
  ),
  rule(
    'dataset',
    [{ dataset: 'sft' }, { dataset: 'hub' }, { dataset: 'pref,sft' }],
    [{ dataset: 'pref' }, { dataset: 'ranking_text' }, { dataset: 'ranking_one' }],
    ['reward'],
  ),
  rule(
    'stage',
    [{ stage: 'SFT' }, { stage: 'orpo' }, { stage: 'null' }],
    [{ stage: 'sft' }, { stage: 'kto' }],
    ['lora', 'qlora', 'full'],
  ),
  rule(
    'bnb-bits',
    [{ quantization_bit: '3' }, { quantization_bit: '"4"' }, { quantization_bit: '16' }],
    [
      { quantization_bit: '4' },
      { quantization_bit: '4.0' },
      { quantization_bit: '3', quantization_method: 'bitsandbytes' },
    ],
    ['lora', 'dpo', 'qlora'],
  ),
  rule(
    'double-quantization',
    [{ double_quantization: '1' }, { double_quantization: 'null' }],
    [{ double_quantization: 'false' }, { double_quantization: '1', quantization_bit: null }],
    ['qlora'],
  ),
  rule(
    'quantization-type',
    [{ quantization_type: '4' }, { quantization_type: 'null' }],
    [{ quantization_type: 'fp4' }, { quantization_type: 'nf9' }],
    ['qlora'],
  ),
  rule(
    'double-quantization',
    [{ quantization_bit: '4', double_quantization: '1' }],
    [{ double_quantization: '1' }, { quantization_bit: '8', double_quantization: '1' }],
    ['lora', 'dpo', 'kto'],
  ),
  rule(
    'bnb-bits-sharded',
    [
      { quantization_bit: '8' },
      { quantization_bit: '8.0' },
      { quantization_bit: '8', deepspeed: 'ds/z3-offload.json' },
    ],
    [
      { quantization_bit: '8', deepspeed: 'ds/z2.json' },
      { quantization_bit: '8', quantization_method: 'bitsandbytes' },
    ],
    ['qlora'],
  ),
  rule(
    'bnb-bits-sharded',
    [
      { fsdp: 'full_shard', fsdp_config: '{cpu_ram_efficient_loading: true}' },
      { quantization_device_map: 'auto', do_train: 'false' },
    ],
    [{ fsdp: 'full_shard' }, { do_train: 'false' }],
    ['qlora8'],
  ),
  rule(
    'hqq-quantization',
    [
      { quantization_method: 'hqq', quantization_bit: '4' },
      { quantization_method: 'hqq', quantization_bit: '7' },
    ],
    [{ quantization_method: 'HQQ' }, { quantization_method: 'quanto' }],
  ),
  rule(
    'eetq-quantization',
    [
      { quantization_method: 'eetq', quantization_bit: '8' },
      { quantization_method: 'eetq', quantization_bit: '4' },
    ],
    [{ quantization_method: 'gptq' }, { quantization_method: 'mxfp4' }],
  ),
  rule(
    'flash-attn',
    [{ flash_attn: 'flash2' }, { flash_attn: 'fa3' }, { flash_attn: 'true' }, { flash_attn: 'eager' }],
    [{ flash_attn: 'fa2' }, { flash_attn: 'sdpa' }, { flash_attn: 'disabled' }, { flash_attn: 'auto' }],
  ),
];

/** More of them, apart from those that random configs are made of: these stay as they are recorded. */
export const LATER_RULE_CASES: readonly RuleCases[] = [
  rule(
    'dataset',
    [{ dataset: 'slash' }, { dataset_dir: 'nowhere/../data' }],
    [{ dataset_dir: 'null-info', dataset: 'some/thing' }, { dataset_dir: './data/../data' }],
    ['lora', 'qlora', 'kto'],
  ),
  rule(
    'python-crash',
    [
      { deepspeed: 'ds/minus-nan.json' },
      { ddp_timeout: '-86399999913601' },
      { new_special_tokens_config: 'tokens-number.yaml' },
    ],
    [
      { deepspeed: 'ds/nan.json' },
      { ddp_timeout: '-86399999913600' },
      { new_special_tokens_config: 'tokens-empty.yaml' },
      { new_special_tokens_config: 'tokens-text.yaml' },
    ],
    ['lora', 'full'],
  ),
  rule(
    'evaluation-without-data',
    [{ eval_strategy: 'steps' }, { dataset: null, do_train: 'false', eval_strategy: 'steps' }],
    [{ eval_strategy: 'steps', val_size: '100' }],
    ['streaming'],
  ),
  rule(
    'python-crash',
    [
      { fsdp: 'full_shard', fsdp_config: '{5: 1}' },
      { fsdp: 'full_shard', fsdp_config: '{true: 1}' },
      { fsdp_config: '{.5: 1}' },
      { fsdp_config: '{fsdp_min_num_params: many, min_num_params: 1}' },
      { fsdp: 'full_shard', fsdp_config: '{fsdp_version: two, version: 1}' },
    ],
    [
      { fsdp: 'full_shard', fsdp_config: '{"5": 1}' },
      { lr_scheduler_kwargs: '{5: 1}' },
      { lr_scheduler_kwargs: '{"${": 1}' },
      { fsdp_config: '{fsdp_min_num_params: 1, min_num_params: many}' },
    ],
    ['lora'],
  ),
  rule(
    'ptq-sharded',
    [
      { model_name_or_path: 'models/bnb', deepspeed: 'ds/z3.json' },
      { model_name_or_path: 'models/bnb/', deepspeed: 'ds/z3-offload.json' },
      { model_name_or_path: 'models/awq', deepspeed: 'ds/z3.json' },
      {
        model_name_or_path: 'models/bnb',
        fsdp: 'full_shard',
        fsdp_config: '{cpu_ram_efficient_loading: true}',
        deepspeed: null,
      },
    ],
    [
      { model_name_or_path: 'models/bnb', deepspeed: 'ds/z2.json' },
      { model_name_or_path: 'models/bnb', deepspeed: null, fsdp: 'full_shard' },
      { model_name_or_path: 'models/bnb', deepspeed: null, quantization_bit: '3', quantization_method: 'hqq' },
      { model_name_or_path: 'models/fp8', deepspeed: 'ds/z3.json' },
      { model_name_or_path: 'models/empty', deepspeed: 'ds/z3.json' },
    ],
    ['lora', 'qlora', 'dpo'],
  ),
  rule(
    'ptq-tuning',
    [{ model_name_or_path: 'models/bnb', deepspeed: 'ds/z2.json' }],
    [
      { model_name_or_path: 'models/empty' },
      { model_name_or_path: 'models/bnb', deepspeed: 'ds/z2.json', finetuning_type: 'lora' },
    ],
    WHOLE,
  ),
  rule(
    'ptq-pissa',
    [{ model_name_or_path: 'models/bnb', pissa_init: 'true' }],
    [{ model_name_or_path: 'models/bnb' }, { model_name_or_path: 'models/empty', pissa_init: 'true' }],
    ['lora', 'evaluated', 'streaming'],
  ),
  rule(
    'package-missing',
    [{ model_name_or_path: 'models/gptq' }, { model_name_or_path: 'models/awq' }],
    [{ model_name_or_path: 'models/bnb' }],
    ['lora', 'full'],
  ),
];
