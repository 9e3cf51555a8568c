import { secretFindings, secretIn, textsOf } from '../../src/judge/secrets';

/** Put together here, so that no scanner takes this file for a leak. */
const of = (...parts: string[]): string => parts.join('');
const UUID = '01234567-89ab-cdef-0123-456789abcdef';

test.each([
  ['a Hugging Face token', of('hf_', 'A'.repeat(34))],
  ['a ModelScope token', of('ms-', UUID)],
  ['an API key (sk-…)', of('sk-', '0123456789abcdef'.repeat(2))],
  ['an API key (sk-…)', of('sk-', 'proj-', 'Ab_-'.repeat(6))],
  ['an API key (sk-…)', of('sk-', 'ant-api03-', 'Ab_-'.repeat(6))],
  ['a GitHub token', of('ghp_', 'a1'.repeat(18))],
  ['a GitHub token', of('github_pat_', 'a1'.repeat(41))],
  ['a GitLab token', of('glpat-', 'a1'.repeat(10))],
  ['an AWS access key', of('AKIA', 'A1'.repeat(8))],
  ['an Alibaba Cloud access key', of('LTAI', 'a1'.repeat(10))],
  ['a Weights & Biases key', of('os.environ["WANDB_API_KEY"] = "', '0a'.repeat(20), '"')],
  ['a SwanLab key', of('SWANLAB_API_KEY=', 'a1b'.repeat(7))],
  ['a private key', of('-----BEGIN RSA ', 'PRIVATE KEY-----')],
  ['a password in a URL', of('https://me:', 'tiger@mirror/simple')],
])('%s is known by its shape', (name, text) => {
  expect(secretIn(`x = '${text}'`)).toEqual({ name, line: 1 });
});

test.each([
  'hf_hub_offline',
  'task-force, risk-assessment',
  'sk-learn and its relatives-in-law-and-more-of-them',
  'ms-swift',
  of('0a'.repeat(20)),
  'WANDB_API_KEY is read from the environment',
  'AKIA is a short word',
  of('AKIA', 'IOSFODNN7EXAMPLE'),
  '-----BEGIN PUBLIC KEY-----',
  'TOKENIZERS_PARALLELISM=false',
  'HF_TOKEN=$(HF_TOKEN)',
  'https://host:8080/@scope',
  UUID,
])('%s is none', (text) => {
  expect(secretIn(text)).toBeUndefined();
});

test('the finding names place, line and kind, and not the value', () => {
  const token = of('hf_', 'B'.repeat(34));
  const [finding] = secretFindings('finetune/math', { 'train.py': `import os\n\nlogin("${token}")\n`, 'a.py': 'x' });
  expect(finding).toEqual(
    expect.objectContaining({
      id: 'secret-in-manifest',
      severity: 'error',
      key: 'train.py',
      got: 'line 3 has what looks like a Hugging Face token',
    }),
  );
  expect(JSON.stringify(finding)).not.toContain(token);
});

test('every text of a value is found, wherever it stands', () => {
  expect(textsOf({ spec: { containers: [{ env: [{ name: 'A', value: 'x' }] }], n: 1 } }, 'podTemplate')).toEqual({
    'podTemplate.spec.containers[0].env[0].name': 'A',
    'podTemplate.spec.containers[0].env[0].value': 'x',
  });
});
