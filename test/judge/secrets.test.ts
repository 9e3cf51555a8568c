import {
  masked,
  maskedFinding,
  maskedLines,
  secretArguments,
  secretFindings,
  secretIn,
  secretOf,
  shownUrl,
  textsOf,
} from '../../src/judge/secrets';
import { fieldsOf } from '../../src/llamafactory/fields';
import { EditOperation, Severity } from '../../src/run/finding';
import { RELEASES } from '../../src/run/releases';

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
  ['a token in a URL', of('https://', 'a1b2'.repeat(5), '@mirror/simple')],
  ['a token in a URL', of('https://bucket/x?Expires=1&Signature=', 'a1%2F'.repeat(4))],
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

test.each([
  'HF_TOKEN',
  'WANDB_API_KEY',
  'OPENAI_APIKEY',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'MYSQL_PWD',
  'PGPASSWORD',
  'LARK_WEBHOOK_URL',
  'hub_token',
  '--hf-token',
])('what is called %s is a secret', (name) => {
  expect(secretOf(name, 'x')).toBe('a secret, by its name');
});

test.each([
  ['TOKENIZERS_PARALLELISM', 'false'],
  ['PWD', '/work'],
  ['MONKEY', 'a'],
  ['HF_TOKEN', '$HF_TOKEN'],
  ['HF_TOKEN', ''],
  ['HF_TOKEN', null],
  ['GOOGLE_APPLICATION_CREDENTIALS', '/var/run/key.json'],
])('%s=%s is none', (name, value) => {
  expect(secretOf(name, value)).toBeUndefined();
});

test("of LLaMA-Factory's arguments those are secrets that hold a token, a key or a webhook", () => {
  const names = RELEASES.flatMap((release) => [...fieldsOf(release).keys()]);
  const args = Object.fromEntries(names.map((name) => [name, 'x']));
  expect([...secretArguments(args).keys()].sort()).toEqual([
    'hf_hub_token',
    'hub_token',
    'ms_hub_token',
    'om_hub_token',
    'push_to_hub_token',
    'swanlab_api_key',
    'swanlab_lark_secret',
    'swanlab_lark_webhook_url',
  ]);
});

test('a secret is found in keys of keys, and as a number', () => {
  const args = { ray_init_kwargs: { runtime_env: [{ MY_TOKEN: 'a' }] }, hub_token: 12345, learning_rate: 1 };
  expect([...secretArguments(args).keys()]).toEqual(['ray_init_kwargs.runtime_env[0].MY_TOKEN', 'hub_token']);
});

test('a text is shown without what looks like a secret in it, and without values that are known to be one', () => {
  expect(masked(of('from https://me:', 'tiger@mirror/simple'))).toBe('from https://…@mirror/simple');
  expect(masked(of('hf_', 'A'.repeat(34), ' twice ', 'hf_', 'A'.repeat(34)))).toBe('… twice …');
  expect(masked('tiger, tigers and "tiger"', ['tiger'])).toBe('…, tigers and "…"');
  expect(masked('a "q\\"uote" b', ['q"uote'])).toBe('a "…" b');
});

test('lines are shown without the values of what is called as a secret is', () => {
  expect(maskedLines('-hf_hub_token: tiger\n+"api_key": "tiger",\n lora_rank: 8')).toBe(
    '-hf_hub_token: …\n+"api_key": "…\n lora_rank: 8',
  );
});

test.each([
  [of('https://me:', 'ti/ger@mirror/x?token=y'), 'https://…@mirror/x?…'],
  [of('me:', 'tiger@mirror/x'), '…@mirror/x'],
  ['ftp://mirror/x', 'ftp://mirror/x'],
])('an address is shown without what may be secret in it', (url, shown) => {
  expect(shownUrl(url)).toBe(shown);
});

test('a finding loses the values in its texts, and a fix that holds one', () => {
  const finding = { id: 'argument-type', severity: Severity.ERROR, path: 'a', key: 'hub_token' } as const;
  const fix = [{ file: 'train.yaml', key: 'hub_token', op: EditOperation.SET, value: 'tiger' }];
  expect(maskedFinding({ ...finding, message: 'is tiger', got: 'tiger', fix }, ['tiger'])).toEqual({
    ...finding,
    message: 'is …',
    got: '…',
  });
  const plain = { ...finding, message: 'm', fix };
  expect(maskedFinding(plain, ['lion'])).toBe(plain);
});
