import { rule } from '../../../../src/judge/rules/arguments/secret-argument';
import { Severity } from '../../../../src/run/finding';
import { ruleCases } from '../rule-cases';

ruleCases(rule, {
  failing: {
    'a token of a hub': {
      args: { hf_hub_token: 'tiger' },
      finds: [
        {
          key: 'hf_hub_token',
          severity: Severity.ERROR,
          got: 'what looks like a secret, by its name',
          change: expect.stringContaining('the trainer reads HF_TOKEN'),
        },
      ],
    },
    'a key of a tracker': {
      args: { swanlab_api_key: 'tiger' },
      finds: [{ key: 'swanlab_api_key', change: expect.stringContaining('SWANLAB_API_KEY') }],
    },
    'what no variable stands for': {
      args: { swanlab_lark_secret: 'tiger' },
      finds: [{ key: 'swanlab_lark_secret', change: expect.stringContaining('from the config alone') }],
    },
    'a name that no release knows': { args: { wandb_api_key: 'tiger' }, finds: [{ key: 'wandb_api_key' }] },
    'a token by its shape, wherever it stands': {
      args: { run_name: ['hf_', 'A'.repeat(34)].join('') },
      finds: [{ key: 'run_name', got: 'what looks like a Hugging Face token' }],
    },
  },
  passing: {
    'no token': { args: { hf_hub_token: null, hub_token: '', new_special_tokens_config: 'a' } },
    'a name for the shell to fill in': { args: { hub_token: '${oc.env:HF_TOKEN}' } },
    'words with token in them': { args: { max_new_tokens: 5, use_fast_tokenizer: true } },
  },
});
