import { join } from 'node:path';
import fc from 'fast-check';
import { main } from '../../../src/cli/main';
import { camelCase } from '../../../src/llamafactory/fields';
import { ownerOf } from '../../../src/llamafactory/owned-arguments';
import { temporaryFolder, write } from '../../folder';

/** A key of a file, what it is set to, and texts of which one must be in the program or in the report. */
interface Known {
  readonly key: string;
  readonly value: unknown;
  readonly traces: readonly string[];
}

const known = (key: string, value: unknown, ...traces: string[]): Known => ({
  key,
  value,
  traces: traces.length > 0 ? traces : [key, camelCase(key)],
});

/** Keys of a train config: those that constructs set, some that go through, some that no release knows. */
const CONFIG: readonly Known[] = [
  known('adapter_name_or_path', 'me/adapter-x', 'me/adapter-x'),
  known('adapter_name_or_path', ['a/b', 'c/d'], 'a/b'),
  known('eval_dataset', 'other', 'other'),
  known('deepspeed', 'ds.json'),
  known('dataset_dir', 'sets'),
  known('tokenized_path', '/cache/tokens'),
  known('cache_dir', '/cache/hub'),
  known('model_revision', 'v7', 'v7'),
  known('hf_hub_token', 'abc'),
  known('lora_target', ['q_proj', 'v_proj'], 'lora_target'),
  known('lora_rank', 77, 'loraRank: 77'),
  known('lora_alpha', 'x'),
  known('quantization_bit', 4),
  known('val_size', 0.07),
  known('resume_from_checkpoint', 'saves/x/checkpoint-7'),
  known('ref_model', 'me/reference'),
  known('reward_model', 'me/reward'),
  known('trust_remote_code', true),
  known('media_dir', 'pictures'),
  known('logging_dir', 'logs'),
  known('not_an_argument', 7),
  known('push_to_hub', true),
  known('mix_strategy', 'interleave_under'),
  known('fp16', null),
];

/** Keys of an entry of dataset_info.json. */
const ENTRY: readonly Known[] = [
  known('file_name', 'rows.json', 'rows.json'),
  known('file_name', 7, 'file_name'),
  known('hf_hub_url', 'someone/data-x'),
  known('ms_hub_url', 'someone/data-y'),
  known('script_url', 'load.py'),
  known('cloud_file_name', 's3://bucket/x'),
  known('formatting', 'sharegpt', 'DatasetFormat.SHAREGPT'),
  known('formatting', 'chatml'),
  known('ranking', true),
  known('ranking', 'yes'),
  known('num_samples', 7),
  known('num_samples', '7'),
  known('subset', 'main'),
  known('split', 'test'),
  known('folder', 'inner'),
  known('columns', { prompt: 'question-x' }, 'question-x'),
  known('columns', { kto_tag: 'label-x', nonsense: 'column-x' }, 'column-x'),
  known('columns', 'text-x', 'text-x'),
  known('tags', { role_tag: 'who-x' }, 'who-x'),
  known('tags', { role_tag: 7, odd: 'tag-x' }, 'tag-x'),
  known('unheard_of', 1),
];

/** Keys of a DeepSpeed JSON, with values that are no defaults. */
const DEEPSPEED: readonly Known[] = [
  known('train_batch_size', 64),
  known('steps_per_print', 10),
  known('scheduler', { type: 'WarmupLR' }, 'scheduler'),
  known('fp16', { enabled: true, loss_scale: 128, odd_fp16: 1 }, 'odd_fp16', 'fp16: left', 'fp16,'),
  known('bf16', { enabled: true }, 'bf16'),
  known('optimizer', { type: 'Lion' }, 'Lion', 'optimizer'),
  known('optimizer', 'adam', 'optimizer'),
  known('activation_checkpointing', { partition_activations: true }, 'activation_checkpointing'),
  known('communication_data_type', 'fp32'),
];
const ZERO: readonly Known[] = [
  known('overlap_comm', false),
  known('reduce_bucket_size', 2e8),
  known('sub_group_size', '1e7'),
  known('stage3_prefetch_bucket_size', 1234),
  known('round_robin_gradients', true),
  known('allgather_bucket_size', 5),
  known('offload_param', { device: 'nvme', nvme_path: '/disk' }),
  known(
    'offload_optimizer',
    { device: 'cpu', pin_memory: true, ratio: 0.3, fast_init: true },
    'fast_init',
    'offload_optimizer',
  ),
  known('zero_quantized_gradients', true),
];

/** Lines of a launch script. */
const SCRIPT: readonly Known[] = [
  known('export NCCL_DEBUG=INFO', '', 'NCCL_DEBUG'),
  known('export CUDA_VISIBLE_DEVICES=0,1', '', 'gpus: 2'),
  known('export PYTHONPATH=/code', '', 'PYTHONPATH'),
  known('export PATH=/opt/bin', '', 'PATH'),
  known('export USE_MODELSCOPE_HUB=1', '', 'USE_MODELSCOPE_HUB'),
  known('export HF_ENDPOINT=https://hf-mirror.com', '', 'HF_ENDPOINT'),
  known('export SOME_TOKEN=abc', '', 'SOME_TOKEN'),
  known('export WHERE="$PWD/x"', '', 'WHERE'),
  known('CONFIG_FILE=train.yaml', '', 'CONFIG_FILE'),
  known('if true; then\n  export INNER_ONE=1\nfi', '', 'INNER_ONE'),
  known('env MIDDLE=1 true', '', 'MIDDLE'),
  known('export NNODES=2', '', 'NNODES'),
];
const COMMANDS: readonly Known[] = [
  known('llamafactory-cli train train.yaml learning_rate=7e-6', '', 'learning_rate=7e-6'),
  known('FORCE_TORCHRUN=1 llamafactory-cli train train.yaml', '', 'FORCE_TORCHRUN'),
  known('torchrun --nproc_per_node 3 --master_port 29511 src/train.py train.yaml', '', '--master_port'),
  known('torchrun --nproc_per_node=auto src/train.py train.yaml', '', '--nproc_per_node'),
  known('deepspeed --num_gpus 3 src/train.py --model_name_or_path x train.yaml', '', '--model_name_or_path'),
];

/** Any of the keys, each key once. */
const anyOf = (all: readonly Known[]) =>
  fc.subarray([...all]).map((some) => [...new Map(some.map((each) => [each.key, each])).values()]);
const mapping = (some: readonly Known[]) => Object.fromEntries(some.map(({ key, value }) => [key, value]));

const folder = temporaryFolder();

test('every key of every file is in the program or in the report', () => {
  const base = { model_name_or_path: 'Qwen/Qwen3-0.6B', stage: 'sft', finetuning_type: 'lora', dataset: 'math' };
  const files = fc.record({
    config: anyOf(CONFIG),
    entry: anyOf(ENTRY),
    deepspeed: anyOf(DEEPSPEED),
    zero: anyOf(ZERO),
    stage: fc.constantFrom(undefined, 0, 2, 3, 3, 3, 'three'),
    script: anyOf(SCRIPT),
    command: fc.constantFrom(...COMMANDS),
    place: fc.constantFrom('data', 'sets', '.'),
  });
  fc.assert(
    fc.property(files, ({ config, entry, deepspeed, zero, stage, script, command, place }) => {
      const args = { ...base, ...mapping(config) };
      const json = { ...mapping(deepspeed), zero_optimization: { stage, ...mapping(zero) } };
      const info = { math: { ...mapping(entry) }, other: { file_name: 'rows.json' } };
      const directory = write(join(folder, `run${Math.random()}`), {
        'train.yaml': Object.entries(args)
          .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
          .join(''),
        'ds.json': JSON.stringify(json),
        [`${place}/dataset_info.json`]: JSON.stringify(info),
        [`${place}/rows.json`]: '[{"instruction": "1 + 1?", "output": "2"}]',
        'run.sh': `${[...script, command].map(({ key }) => key).join('\n')}\n`,
      });
      const printed: string[] = [];
      const status = main(['import', directory], {
        out: (text) => printed.push(text),
        err: (text) => printed.push(text),
      });
      const text = printed.join('');
      expect([0, 1]).toContain(status);
      expect(text).not.toContain('[check-failed]');
      const found = place === 'data' || place === '.' || 'dataset_dir' in args;
      const ofEntry = found && !('dataset_dir' in args && place !== 'sets') ? entry : [];
      const ofDeepSpeed = 'deepspeed' in args ? [...deepspeed, ...zero] : [];
      const all = [...config, ...ofEntry, ...ofDeepSpeed, ...script, command];
      // What constructs don't set goes through in a file that the program names.
      const through = (each: Known) =>
        config.includes(each) && ownerOf(each.key) === undefined && text.includes('TrainConfig.fromYaml(');
      const dropped = all.filter((each) => !through(each) && !each.traces.some((trace) => text.includes(trace)));
      expect(dropped.map(({ key, value }) => `${key}: ${JSON.stringify(value)}`)).toEqual([]);
      // Each difference says why.
      expect(
        text.split('\n').filter((line) => / -> (?!set by|a prop|as )[^:]*$/.test(line) && line.startsWith('  ')),
      ).toEqual([]);
    }),
    { numRuns: 100 },
  );
}, 120_000);
