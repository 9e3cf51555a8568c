import { CLIENT_SIDE_APPLY_BYTES, CONFIG_MAP_BYTES, configMapFindings } from '../../src/kubernetes/config-map-size';
import { Severity } from '../../src/run/finding';

const idsOf = (text: string) => configMapFindings('finetune/math', 'math-1', { 'd.json': text }).map(({ id }) => id);
const KEY_BYTES = 'd.json'.length;
/** What the annotation holds beside the text: the key, quotes and braces, and a kibibyte for the rest of the object. */
const AROUND_BYTES = JSON.stringify({ 'd.json': '' }).length + 1024;

test('a small file raises nothing', () => {
  expect(idsOf('[]')).toStrictEqual([]);
});

test('a ConfigMap of just 1 MiB, keys counted, is taken by the API server', () => {
  expect(idsOf('a'.repeat(CONFIG_MAP_BYTES - KEY_BYTES))).not.toContain('config-map-too-large');
});

test('one byte more is an error', () => {
  expect(idsOf('a'.repeat(CONFIG_MAP_BYTES - KEY_BYTES + 1))).toStrictEqual(['config-map-too-large']);
});

test('the error says size, limit and the alternatives', () => {
  const [finding] = configMapFindings('finetune/math', 'math-1', { 'd.json': 'a'.repeat(2 ** 20) });
  expect(finding).toEqual(
    expect.objectContaining({
      severity: Severity.ERROR,
      path: 'finetune/math',
      key: 'd.json',
      message: 'the ConfigMap math-1 (d.json) is larger than the API server takes',
      got: `${2 ** 20 + KEY_BYTES} bytes`,
      allowed: '1048576 bytes',
    }),
  );
  expect(finding?.change).toMatch(/DatasetVolume\.fromClaim.*DatasetVolume\.fromDirectory/);
});

test('bytes are counted, not characters', () => {
  expect(idsOf('数'.repeat(CONFIG_MAP_BYTES / 3))).toStrictEqual(['config-map-too-large']);
});

test('all files of the ConfigMap are counted together, and named', () => {
  const [finding] = configMapFindings('p', 'n', { a: 'a'.repeat(2 ** 19), b: 'b'.repeat(2 ** 19) });
  expect(finding).toEqual(expect.objectContaining({ id: 'config-map-too-large', got: `${2 ** 20 + 2} bytes` }));
  expect(finding?.message).toContain('n (a, b)');
});

test('a file that just fits the annotation of kubectl apply raises nothing', () => {
  expect(idsOf('a'.repeat(CLIENT_SIDE_APPLY_BYTES - AROUND_BYTES))).toStrictEqual([]);
});

test('one byte more asks for server-side apply, as a warning', () => {
  const findings = configMapFindings('p', 'n', { 'd.json': 'a'.repeat(CLIENT_SIDE_APPLY_BYTES - AROUND_BYTES + 1) });
  expect(findings).toEqual([
    expect.objectContaining({
      id: 'config-map-needs-server-side-apply',
      severity: Severity.WARNING,
      path: 'p',
      key: 'd.json',
      message:
        'the ConfigMap n (d.json) is too large for plain kubectl apply, which copies an object into an annotation',
      got: `about ${CLIENT_SIDE_APPLY_BYTES + 1} bytes`,
      allowed: '262144 bytes',
      change: 'apply with: kubectl apply --server-side -f dist/',
    }),
  ]);
});

test('quotes count twice, since the annotation holds the text as JSON', () => {
  expect(idsOf('"'.repeat(CLIENT_SIDE_APPLY_BYTES / 2))).toStrictEqual(['config-map-needs-server-side-apply']);
});

test('control characters count six times', () => {
  expect(idsOf('\u0001'.repeat(CLIENT_SIDE_APPLY_BYTES / 6))).toStrictEqual(['config-map-needs-server-side-apply']);
});
