import { rule } from '../../../../src/judge/rules/arguments/other-command-argument';
import { Severity } from '../../../../src/run/finding';
import { ruleCases } from '../rule-cases';

const RUN = { dataset: 'math', output_dir: '/saves', do_train: true };

ruleCases(rule, {
  failing: {
    'a directory to export to': {
      args: { ...RUN, export_dir: '/saves/merged', export_size: 2 },
      finds: [
        { key: 'export_dir', severity: Severity.ERROR, got: '/saves/merged' },
        { key: 'export_size', message: expect.stringContaining('`llamafactory-cli export` alone reads it') },
      ],
    },
    'bits to export with, which training loads the model with': {
      args: { ...RUN, export_quantization_bit: 4 },
      finds: [{ key: 'export_quantization_bit', message: expect.stringContaining('GPTQ') }],
    },
    'settings of inference engines': {
      args: { ...RUN, vllm_maxlen: 4096, sglang_tp_size: 2, infer_dtype: 'auto' },
      finds: [{ key: 'vllm_maxlen' }, { key: 'sglang_tp_size' }, { key: 'infer_dtype' }],
    },
    'settings of Ray without Ray': { args: { ...RUN, ray_num_workers: 4 }, finds: [{ key: 'ray_num_workers' }] },
    'what torchrun says': {
      args: { ...RUN, master_addr: 'gpu-0', local_rank: 0 },
      finds: [{ key: 'master_addr' }, { key: 'local_rank' }],
    },
    'training on the CPUs': {
      args: { ...RUN, use_cpu: true },
      finds: [{ key: 'use_cpu', message: expect.stringContaining('stay idle') }],
    },
  },
  passing: {
    'a training run': { args: RUN },
    'a config that merges': { args: { model_name_or_path: 'a', export_dir: 'merged', export_size: 5 } },
    'a config that chats': { args: { model_name_or_path: 'a', infer_backend: 'vllm', vllm_maxlen: 4096 } },
    'arguments that are null': { args: { ...RUN, export_dir: null, use_cpu: null } },
    'GPUs, said': { args: { ...RUN, use_cpu: false } },
    'Ray, started by the script': {
      args: { ...RUN, ray_num_workers: 4 },
      launchScript: { file: 'run.sh', text: 'USE_RAY=1 llamafactory-cli train train.yaml' },
    },
  },
});
