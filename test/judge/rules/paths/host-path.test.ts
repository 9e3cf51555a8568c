import { rule } from '../../../../src/judge/rules/paths/host-path';
import { Severity } from '../../../../src/run/finding';
import { ruleCases } from '../rule-cases';

ruleCases(rule, {
  failing: {
    "paths in somebody's home": {
      args: { model_name_or_path: '/home/me/models/a', output_dir: '~/saves', cache_dir: 'C:\\cache' },
      finds: ['output_dir', 'cache_dir', 'model_name_or_path'].map((key) => ({ key, severity: Severity.WARNING })),
    },
  },
  passing: {
    'paths of volumes': { args: { model_name_or_path: '/models/a', output_dir: '/saves/home/a' } },
    'a name on a hub': { args: { model_name_or_path: 'home/model' } },
    'relative paths, which are another matter': { args: { output_dir: './saves' } },
  },
});
