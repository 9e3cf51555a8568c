import { rule } from '../../../../src/judge/rules/paths/relative-path';
import { Severity } from '../../../../src/run/finding';
import { ruleCases } from '../rule-cases';

ruleCases(rule, {
  failing: {
    'paths that start from wherever the trainer is': {
      args: {
        output_dir: './saves',
        deepspeed: 'configs/ds.json',
        dataset_dir: 'data',
        model_name_or_path: '../models/a',
      },
      finds: ['output_dir', 'dataset_dir', 'deepspeed', 'model_name_or_path'].map((key) => ({
        key,
        severity: Severity.WARNING,
      })),
    },
  },
  passing: {
    'absolute paths': { args: { output_dir: '/saves', model_name_or_path: '/models/a' } },
    'a name on a hub': { args: { model_name_or_path: 'Qwen/Qwen3-14B' } },
    'data of a hub': { args: { dataset_dir: 'REMOTE:me/data' } },
    'a DeepSpeed config in the train config': { args: { deepspeed: {} } },
    'a path of Windows, which is a host path': { args: { output_dir: 'C:\\saves', dataset_dir: 'd:/data' } },
    'home, which is another matter': { args: { output_dir: '~/saves' } },
  },
});
