import { rule } from '../../../../src/judge/rules/paths/path-with-blank';
import { Severity } from '../../../../src/run/finding';
import { ruleCases } from '../rule-cases';

ruleCases(rule, {
  failing: {
    'a blank in the name of the train config': {
      file: 'train config.yaml',
      finds: [
        {
          key: 'train config.yaml',
          severity: Severity.ERROR,
          change: 'rename it, for example to train_config.yaml',
        },
      ],
    },
  },
  passing: {
    'no blank': {},
    'a blank in a path that nothing splits': { args: { output_dir: '/saves/my run' } },
  },
});
