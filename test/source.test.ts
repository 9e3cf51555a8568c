import { DatasetVolume, type HttpOptions, Model, ModelCache, Source } from '../src';
import { chartOf, findingsWith } from './synthesis';

const MODEL = Model.custom({ name: 'b', repository: 'a/b' });
const SHA = 'ab'.repeat(32);
const problemsOf = (source: Source) => source._problems.map(({ key, got }) => [key, got]);
const http = (options: Partial<HttpOptions>) =>
  Source.http({ endpoint: 'https://files.example.com/qwen', files: { 'config.json': SHA }, ...options });

test.each([
  ['modelscope', 'master', Source.modelScope],
  ['huggingface', 'main', Source.huggingFace],
])('%s is asked for its branch %s unless told otherwise', (hub, branch, source) => {
  const what = (revision?: string) => source({ revision })._model(MODEL);
  expect(what()).toEqual({ hub, repository: 'a/b', revision: branch });
  expect(what('v1')).toEqual({ hub, repository: 'a/b', revision: 'v1' });
});

test('a repository that is named stands for the model’s own', () => {
  expect(Source.huggingFace({ repository: 'mirror/b' })._model(MODEL)).toMatchObject({ repository: 'mirror/b' });
});

test('a model of the catalogue is asked for by the name that the hub has it under', () => {
  const model = Model.of('meta-llama/Meta-Llama-3.1-8B-Instruct');
  const asked = (source: Source) => source._model(model)['repository'];
  expect(asked(Source.modelScope())).toBe('LLM-Research/Meta-Llama-3.1-8B-Instruct');
  expect(asked(Source.huggingFace())).toBe('meta-llama/Meta-Llama-3.1-8B-Instruct');
});

test('an address is no part of what is fetched', () => {
  for (const what of [
    Source.huggingFace({ repository: 'a/b', endpoint: 'https://hub.example.com' })._data('x.json'),
    http({})._model(MODEL),
  ]) {
    expect(JSON.stringify(what)).not.toContain('example.com');
  }
});

test('of a web server the files are what is fetched, their hashes in lower case', () => {
  expect(http({ files: { 'config.json': SHA.toUpperCase() } })._model(MODEL)).toEqual({
    hub: 'http',
    files: { 'config.json': SHA },
  });
});

test.each([
  ['a.jsonl', ['a.jsonl']],
  ['data', ['data/b.jsonl', 'data/c.jsonl']],
  ['data/deep', ['data/deep/d.jsonl']],
  ['nothing', []],
])('of a web server’s files data at %s are %j', (path, names) => {
  const all = ['a.jsonl', 'data/b.jsonl', 'data/c.jsonl', 'data/README.md', 'data/deep/d.jsonl', 'database.jsonl'];
  const source = http({ files: Object.fromEntries(all.map((name) => [name, SHA])) });
  expect(Object.keys(source._data(path)['files'] as object)).toEqual(names);
});

test.each([
  ['ftp://files.example.com'],
  ['files.example.com'],
  ['/srv/files'],
  ['https://a.example.com/x?token=1', 'https://a.example.com/x?…'],
  ['https://me:ti/ger@a', 'https://…@a'],
  ['https://a/#b'],
])('%s is no address to fetch from', (endpoint, shown = endpoint) => {
  for (const source of [http({ endpoint }), Source.huggingFace({ endpoint }), Source.modelScope({ endpoint })]) {
    expect(problemsOf(source)).toEqual([['source.endpoint', shown]]);
  }
});

test('a password in an address is a finding that doesn’t show it', () => {
  const endpoint = 'https://me:hunter2@files.example.com/x';
  expect(problemsOf(http({ endpoint }))).toEqual([['source.endpoint', 'https://…@files.example.com/x']]);
});

test.each(['../up', 'a/../../b', '/etc/passwd', 'a//b', 'a/', '.complete', 'a/.hidden', '', 'a\\b'])(
  'a file cannot be called %j',
  (name) => {
    expect(problemsOf(http({ files: { [name]: SHA } }))).toEqual([['source.files', name]]);
  },
);

test.each(['', 'abc', `sha256:${SHA}`, `${SHA}0`, SHA.slice(0, 40), SHA.slice(1), 'g'.repeat(64)])(
  '%j is no SHA-256',
  (sha256) => {
    expect(problemsOf(http({ files: { 'a b/数据.json': sha256 } }))).toEqual([['source.files.a b/数据.json', sha256]]);
  },
);

test('a web server without files is a finding', () => {
  expect(problemsOf(http({ files: {} }))).toEqual([['source.files', '{}']]);
});

test.each(['../up', 'a/b/c', '/a/b', 'a/', 'a/..', '.a/b', 'a b/c'])('%j is no repository', (repository) => {
  expect(problemsOf(Source.modelScope({ repository }))).toEqual([['source.repository', repository]]);
});

test.each(['', '../up', 'a/../../b', '/a', '-f', 'a b'])('%j is no revision', (revision) => {
  expect(problemsOf(Source.huggingFace({ revision }))).toEqual([['source.revision', revision]]);
});

test.each(['main', 'v1.0', 'refs/pr/3', '40c069824f4251a91eefaf281ebe4c544efd3e18', '分支'])(
  '%s is one',
  (revision) => {
    expect(problemsOf(Source.huggingFace({ revision }))).toEqual([]);
  },
);

test.each(['Qwen/Qwen3-14B', 'squad', 'me/my_data.v2'])('%s is one', (repository) => {
  expect(problemsOf(Source.huggingFace({ repository }))).toEqual([]);
});

test('good files of a web server have no findings', () => {
  const files = { 'config.json': SHA, 'sub/数据 1.json': SHA.toUpperCase() };
  expect(problemsOf(http({ endpoint: 'http://10.0.0.8:8081/x/', files }))).toEqual([]);
});

test.each([
  ['ModelCache', (source: Source) => new ModelCache(chart, 'it', { source })],
  ['DatasetVolume', (source: Source) => DatasetVolume.fromSource(chart, 'it', { source, path: 'config.json' })],
])('%s reports what is wrong with its source', (_, make) => {
  const own = chartOf();
  chart = own.chart;
  make(http({ endpoint: 'ftp://x' }));
  expect(findingsWith(own.app, 'invalid-source')).toEqual([
    expect.objectContaining({ path: 'finetune/it', key: 'source.endpoint', got: 'ftp://x', severity: 'error' }),
  ]);
});
let { chart } = chartOf();

test.each([{}, { a: 1 }, { secret: {}, key: 'token' }, { secret: { name: 'hub' } }])('%j names no token', (token) => {
  expect(problemsOf(Source.modelScope({ token: token as never }))).toContainEqual(['source.token', undefined]);
});
