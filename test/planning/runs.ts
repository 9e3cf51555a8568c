import { CARDS } from '../../src/planning/catalog/cards';
import { MODELS } from '../../src/planning/catalog/models';
import type { ModelShape } from '../../src/run/model-shape';
import { DEFAULT_RELEASE } from '../../src/run/releases';
import type { Mapping, Run } from '../../src/run/run';

const OFFLOAD = { device: 'cpu', pin_memory: true };

/** The seed's run with its quantisation spelled right: Qwen3-14B on four T10, 200 samples. */
export function seedRun(
  args: Mapping = {},
  strategy: 'ddp' | 'zero3-offload' = 'zero3-offload',
): Run & { model: ModelShape } {
  const model = MODELS['Qwen3-14B'];
  if (model === undefined) throw new Error('Qwen3-14B is in the catalogue');
  return {
    path: 'train_config.yaml',
    file: 'train_config.yaml',
    release: DEFAULT_RELEASE,
    args: {
      stage: 'sft',
      finetuning_type: 'lora',
      lora_target: 'all',
      lora_rank: 16,
      lora_dropout: 0.1,
      quantization_bit: 4,
      quantization_method: 'bnb',
      cutoff_len: 2048,
      max_samples: 200,
      val_size: 0.1,
      per_device_train_batch_size: 2,
      gradient_accumulation_steps: 4,
      per_device_eval_batch_size: 2,
      num_train_epochs: 20,
      warmup_ratio: 0.1,
      fp16: true,
      logging_steps: 5,
      save_steps: 200,
      eval_strategy: 'steps',
      eval_steps: 200,
      ...args,
    },
    ...(strategy === 'ddp'
      ? {}
      : {
          deepspeed: {
            file: 'ds_config_zero3.json',
            config: {
              zero_optimization: {
                stage: 3,
                overlap_comm: true,
                reduce_bucket_size: 'auto',
                stage3_prefetch_bucket_size: 'auto',
                stage3_max_live_parameters: 1e9,
                offload_optimizer: OFFLOAD,
                offload_param: OFFLOAD,
              },
            },
          },
        }),
    datasets: [{ name: 'math_train', rows: Array.from({ length: 200 }, () => ({ messages: [] })) }],
    card: CARDS['T10'],
    gpus: 4,
    nodes: 1,
    model,
  };
}
