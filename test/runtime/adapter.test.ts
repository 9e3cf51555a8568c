import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { safetensors, webServer } from './hub';
import { failed, place, prepare } from './prepare-pod';
import { cleanUp, write } from './programs';

jest.setTimeout(120_000);
afterAll(cleanUp);

const BASE = 'Qwen/Qwen3-14B';
const configOf = (base: unknown) => JSON.stringify({ peft_type: 'LORA', base_model_name_or_path: base });

/** A place with a request for an adapter, whose configuration names a base model. */
function adapterPlace(base: unknown = BASE, hub = 'huggingface') {
  const { root, source, env } = place();
  for (const name of readdirSync(source)) rmSync(join(source, name));
  write(join(source, 'adapter_config.json'), configOf(base));
  write(join(source, 'adapter_model.safetensors'), safetensors(10));
  const directory = join(root, 'models', '.adapters', 'one');
  const adapter = { hub, repository: 'me/math', revision: 'v1', directory, baseModel: BASE };
  write(join(root, 'request.json'), JSON.stringify({ adapter }));
  return { root, source, env, directory, adapter, marker: join(directory, '.complete') };
}

test.each(['huggingface', 'modelscope'])(
  'an adapter of %s is fetched, checked and marked with its base',
  async (hub) => {
    const { env, marker } = adapterPlace(BASE, hub);
    const ended = await prepare(env);
    expect([ended.stderr, ended.code]).toEqual(['', 0]);
    expect(JSON.parse(readFileSync(marker, 'utf8'))).toEqual({
      hub,
      repository: 'me/math',
      revision: 'v1',
      baseModel: BASE,
    });
    expect((await prepare(env)).stdout).toContain('is complete already');
  },
);

test.each([
  ['as hubs call it', BASE],
  ['in the cache of ModelScope', '/home/me/.cache/modelscope/hub/models/Qwen/Qwen3-14B'],
  ['in the cache of Hugging Face', '/root/.cache/huggingface/hub/models--Qwen--Qwen3-14B/snapshots/abc'],
  ['on the volume that a run like this had', '/models/modelscope/Qwen/Qwen3-14B/master'],
])('the base model may be named %s', async (_name, base) => {
  expect((await prepare(adapterPlace(base).env)).code).toBe(0);
});

test.each([
  ['another model', 'Qwen/Qwen3-8B'],
  ['another owner', 'mycompany/Qwen3-14B'],
  ['a model whose name only begins alike', '/models/Qwen/Qwen3-14B-Base'],
  ['a folder of one machine', '/data/Qwen3-14B'],
  ['nothing', null],
  ['a number', 7],
])('an adapter of %s is never marked', async (_name, base) => {
  const { env, marker } = adapterPlace(base);
  expect(failed(await prepare(env))).toMatch(/names the base model .*, and the run trains Qwen\/Qwen3-14B: take/);
  expect(existsSync(marker)).toBe(false);
});

test.each<[string, (source: string) => void, RegExp]>([
  [
    'pickled weights alone',
    (source) => {
      rmSync(join(source, 'adapter_model.safetensors'));
      write(join(source, 'adapter_model.bin'), 'pickle');
    },
    /has no adapter_model\.safetensors; it has adapter_config\.json, adapter_model\.bin/,
  ],
  ['no configuration', (source) => rmSync(join(source, 'adapter_config.json')), /has no adapter_config\.json/],
  ['a list for a configuration', (source) => void write(join(source, 'adapter_config.json'), '[]'), /base model None/],
  [
    'cut weights',
    (source) => truncateSync(join(source, 'adapter_model.safetensors'), 60),
    /safetensors has 60 bytes, but its header says|no whole safetensors file/,
  ],
])('an adapter of %s is never marked either', async (_name, damage, text) => {
  const { env, source, marker } = adapterPlace();
  damage(source);
  expect(failed(await prepare(env))).toMatch(text);
  expect(existsSync(marker)).toBe(false);
});

test('a base that the request names is the base, whatever the run trains', async () => {
  const { env, root, adapter } = adapterPlace('/data/mine');
  write(join(root, 'request.json'), JSON.stringify({ adapter: { ...adapter, baseModel: '/data/mine' } }));
  expect((await prepare(env)).code).toBe(0);
});

test('an adapter of a web server is fetched by its hashes, and its base compared', async () => {
  const files = {
    'adapter_config.json': Buffer.from(configOf('Qwen/Qwen3-8B')),
    'adapter_model.safetensors': safetensors(10),
  };
  const server = await webServer(files);
  const { env, root, directory, marker } = adapterPlace();
  const hashes = Object.fromEntries(
    Object.entries(files).map(([name, data]) => [name, createHash('sha256').update(data).digest('hex')]),
  );
  const request = (baseModel: string) =>
    JSON.stringify({ adapter: { hub: 'http', endpoint: server.url, files: hashes, directory, baseModel } });
  write(join(root, 'request.json'), request(BASE));
  expect(failed(await prepare(env))).toContain("names the base model 'Qwen/Qwen3-8B'");
  write(join(root, 'request.json'), request('Qwen/Qwen3-8B'));
  expect((await prepare(env)).code).toBe(0);
  expect(existsSync(marker)).toBe(true);
  await server.close();
});

test.each([
  ['no base model', { baseModel: undefined }, /adapter in PREPARE_SPEC lacks 'baseModel'/],
  ['a hub that there is not', { hub: 'ftp' }, /unknown hub 'ftp'/],
])('a request with %s is refused', async (_name, change, text) => {
  const { env, root, adapter } = adapterPlace();
  write(join(root, 'request.json'), JSON.stringify({ adapter: { ...adapter, ...change } }));
  expect(failed(await prepare(env))).toMatch(text);
});
