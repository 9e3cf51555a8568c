import { rule } from '../../../../src/judge/rules/paths/host-virtual-environment';
import { Severity } from '../../../../src/run/finding';
import { ruleCases } from '../rule-cases';

const script = (text: string) => ({ launchScript: { file: 'launch.sh', text } });

ruleCases(rule, {
  failing: {
    'an environment that is activated': {
      ...script('source ~/vllm/bin/activate\nllamafactory-cli train a.yaml\n'),
      finds: [{ key: 'launch.sh', severity: Severity.WARNING, got: '~/vllm' }],
    },
    'a program called in it': {
      ...script('"$HOME/vllm/bin/llamafactory-cli" train a.yaml\n'),
      finds: [{ key: 'launch.sh', got: '~/vllm' }],
    },
    'two environments, one written two ways': {
      ...script('. /home/me/a/bin/activate\n~/b/bin/python x.py; ${HOME}/b/bin/torchrun y.py\n'),
      finds: [{ got: '/home/me/a' }, { got: '~/b' }],
    },
  },
  passing: {
    'no script': {},
    'an environment of the image': script('source /opt/venv/bin/activate\n/usr/bin/env bash\n'),
    'a comment': script('# source ~/vllm/bin/activate\n'),
  },
});
