import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Hub, hub, model, safetensors, webServer } from './hub';
import { codeOf } from './pod';
import { failed, PREPARE, place, prepare, served } from './prepare-pod';
import { cleanUp, folder, RUNTIME, type Running, run, start, until, write } from './programs';

const SHARD = 'model-00001-of-00002.safetensors';

jest.setTimeout(120_000);
afterAll(cleanUp);

const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

describe('a model', () => {
  test('is fetched, checked and marked with the request; main is called master on ModelScope', async () => {
    const { env, marker, directory } = place();
    const ended = await prepare(env);
    expect(ended.stdout).toContain(`fetching Qwen/Qwen3-14B at master from modelscope to ${directory}`);
    expect(JSON.parse(readFileSync(marker, 'utf8'))).toEqual({
      hub: 'modelscope',
      repository: 'Qwen/Qwen3-14B',
      revision: 'master',
    });
    expect(ended.code).toBe(0);
  });

  test('of Hugging Face keeps main, and its files are those of one commit', async () => {
    const { env, marker, root, calls } = place({ hub: 'huggingface' });
    expect((await prepare(env)).code).toBe(0);
    expect(JSON.parse(readFileSync(marker, 'utf8')).revision).toBe('main');
    expect(readFileSync(join(root, calls()[0] ?? ''), 'utf8')).toBe('Qwen/Qwen3-14B commit-of-main');
  });

  test('that is there already is not fetched again', async () => {
    const { env, calls } = place();
    await prepare(env);
    const again = await prepare(env);
    expect(again.stdout).toContain('is complete already');
    expect([again.code, calls().length]).toEqual([0, 1]);
  });

  test('that lost a file after it was marked is fetched again', async () => {
    const { env, directory } = place();
    await prepare(env);
    rmSync(join(directory, SHARD));
    const again = await prepare(env);
    expect(again.stdout).toContain(`was complete, but ${join(directory, SHARD)} is missing: fetching again`);
    expect(existsSync(join(directory, SHARD))).toBe(true);
    expect(again.code).toBe(0);
  });

  test('can be read by other users', async () => {
    const { env, marker } = place();
    await prepare(env);
    expect(statSync(marker).mode & 0o777).toBe(0o644);
  });

  test('another one in the same directory is refused, and the first stays', async () => {
    const { env, root, directory, marker } = place();
    await prepare(env);
    const before = readFileSync(marker, 'utf8');
    const other = { model: { hub: 'modelscope', repository: 'Qwen/Qwen3-8B', revision: 'main', directory } };
    const text = failed(
      await prepare({ ...env, PREPARE_SPEC: write(join(root, 'other.json'), JSON.stringify(other)) }),
    );
    expect(text).toMatch(/holds .*Qwen3-14B.* but .*Qwen3-8B.* use another directory, or delete this one/);
    expect(readFileSync(marker, 'utf8')).toBe(before);
  });

  test.each<[string, (source: string) => void, RegExp]>([
    ['without config.json', (source) => rmSync(join(source, 'config.json')), /config\.json is missing/],
    ['without a shard', (source) => rmSync(join(source, SHARD)), /00001-of-00002\.safetensors is missing/],
    ['with an empty shard', (source) => truncateSync(join(source, SHARD), 0), /00001-of-00002\.safetensors is empty/],
    ['with a cut shard', (source) => truncateSync(join(source, SHARD), 500), /has 500 bytes, but its header says \d+/],
    ['with a shard of rubbish', (source) => void write(join(source, SHARD), 'rubbish!{'), /no whole safetensors file/],
    [
      'with a damaged index',
      (source) => void write(join(source, 'model.safetensors.index.json'), '{'),
      /index\.json is damaged/,
    ],
  ])('%s is never marked', async (_name, damage, text) => {
    const { env, source, marker } = place();
    damage(source);
    expect(failed(await prepare(env))).toMatch(text);
    expect(existsSync(marker)).toBe(false);
  });

  test('of one file needs no index', async () => {
    const { env, source } = place();
    rmSync(join(source, 'model.safetensors.index.json'));
    writeFileSync(join(source, 'model.safetensors'), safetensors(10));
    expect((await prepare(env)).code).toBe(0);
  });

  test('that cannot be fetched is told in one line, with the token that may be missing', async () => {
    const { env, marker } = place();
    expect(failed(await prepare({ ...env, FAIL: '401 no access\nsecond line' }), 'other')).toMatch(
      /cannot fetch Qwen\/Qwen3-14B at master from modelscope: ConnectionError: 401 no access \(MODELSCOPE_API_TOKEN is not set\)/,
    );
    expect(existsSync(marker)).toBe(false);
  });

  test('a token is never shown', async () => {
    const { env } = place();
    const ended = await prepare({ ...env, FAIL: 'no', MODELSCOPE_API_TOKEN: 'ms-secret' });
    expect(ended.stderr).toContain('MODELSCOPE_API_TOKEN is set');
    expect(ended.stdout + ended.stderr).not.toContain('ms-secret');
  });
});

describe('files of a web server', () => {
  const DATA = { 'math 数学.json': Buffer.from('[{"instruction": "1+1"}]'), 'more/b.json': Buffer.from('[]') };
  const served: Hub[] = [];
  afterAll(() => Promise.all(served.map((server) => server.close())));

  /** A server on loopback, and a request for its files as a run's data. */
  async function web(files: Record<string, Buffer> = DATA, hashes: Record<string, string> = {}) {
    const server = await webServer(files);
    served.push(server);
    const root = folder();
    const directory = join(root, 'data 数据');
    const list = Object.fromEntries(Object.entries(files).map(([name, data]) => [name, hashes[name] ?? sha256(data)]));
    const request = { data: [{ hub: 'http', endpoint: `${server.url}/`, files: list, directory }] };
    const env = { PREPARE_SPEC: write(join(root, 'request.json'), JSON.stringify(request)), HOME: root };
    return { env, directory, server, marker: join(directory, '.complete') };
  }

  test('are fetched, and marked with their hashes', async () => {
    const { env, directory, marker } = await web();
    expect((await prepare(env)).code).toBe(0);
    for (const [name, data] of Object.entries(DATA)) expect(readFileSync(join(directory, name))).toEqual(data);
    expect(Object.values(JSON.parse(readFileSync(marker, 'utf8')).files)).toEqual(Object.values(DATA).map(sha256));
  });

  test('that are there with their hash are not fetched again, and a part of one is gone on with', async () => {
    const { env, directory, server } = await web();
    write(join(directory, 'math 数学.json'), DATA['math 数学.json']);
    write(join(directory, 'more', 'b.json.partial'), '[');
    expect((await prepare(env)).code).toBe(0);
    expect(server.requests).toEqual(['GET /more/b.json bytes=1-']);
    expect(readFileSync(join(directory, 'more', 'b.json'), 'utf8')).toBe('[]');
  });

  test.each([['{wrong'], ['longer than the file is']])(
    'of which a part %s is there end well at the next try',
    async (part) => {
      const { env, directory, marker } = await web();
      write(join(directory, 'more', 'b.json.partial'), part);
      expect(failed(await prepare(env), 'other')).toContain('does not have the hash that its source says');
      expect(existsSync(marker)).toBe(false);
      expect((await prepare(env)).code).toBe(0);
    },
  );

  test('with another hash than asked for are never marked, and have no name', async () => {
    const { env, directory, marker } = await web(DATA, { 'more/b.json': '0'.repeat(64) });
    expect(failed(await prepare(env), 'other')).toContain('does not have the hash');
    expect([existsSync(marker), existsSync(join(directory, 'more', 'b.json'))]).toEqual([false, false]);
  });

  test('that the server does not have are told with their address', async () => {
    const { env, server } = await web();
    const spec = JSON.parse(readFileSync(env.PREPARE_SPEC, 'utf8'));
    spec.data[0].files = { 'none.json': '0'.repeat(64) };
    write(env.PREPARE_SPEC, JSON.stringify(spec));
    expect(failed(await prepare(env))).toContain(`cannot fetch ${server.url}/none.json: 404`);
  });

  test.each([
    [{ endpoint: 'file:///etc', files: { passwd: '0' } }, 'is no http or https address'],
    [{ endpoint: 'http://127.0.0.1:1', files: { '../up': '0' } }, 'lies outside of'],
  ])('%j is refused', async (data, text) => {
    const root = folder();
    const spec = write(
      join(root, 'r.json'),
      JSON.stringify({ data: [{ hub: 'http', ...data, directory: join(root, 'd') }] }),
    );
    expect(failed(await prepare({ PREPARE_SPEC: spec }))).toContain(text);
  });

  test('that lost bytes after they were marked are fetched again', async () => {
    const { env, directory } = await web();
    await prepare(env);
    truncateSync(join(directory, 'more', 'b.json'), 1);
    expect((await prepare(env)).stdout).toContain('b.json has 1 bytes, and had 2 when it was fetched: fetching again');
    expect(readFileSync(join(directory, 'more', 'b.json'), 'utf8')).toBe('[]');
  });

  test('of several data sets go each to a directory of its own', async () => {
    const [one, other] = [await web(), await web({ 'c.jsonl': Buffer.from('{}') })];
    const specs = [one, other].map(({ env }) => JSON.parse(readFileSync(env.PREPARE_SPEC, 'utf8')).data[0]);
    write(one.env.PREPARE_SPEC, JSON.stringify({ data: specs }));
    expect((await prepare(one.env)).code).toBe(0);
    expect([existsSync(one.marker), existsSync(other.marker)]).toEqual([true, true]);
    expect(readFileSync(join(other.directory, 'c.jsonl'), 'utf8')).toBe('{}');
  });

  test('can make a model, which is checked like any other', async () => {
    const { env, directory } = await web(model());
    const spec = JSON.parse(readFileSync(env.PREPARE_SPEC, 'utf8'));
    write(env.PREPARE_SPEC, JSON.stringify({ model: spec.data[0] }));
    expect((await prepare(env)).code).toBe(0);
    truncateSync(join(directory, SHARD), 500);
    expect((await prepare(env)).stdout).toContain('was complete, but');
    expect(readFileSync(join(directory, SHARD))).toEqual(model()[SHARD]);
  });
});

describe('two Jobs at once', () => {
  test('never fetch the same directory together: the second waits and finds it done', async () => {
    const { env, root, calls } = place();
    const first = start('python3', [PREPARE], { ...env, PAUSE: '1' });
    await until('the first to be half way', () => existsSync(join(root, 'half')));
    const second: Running = start('python3', [PREPARE], env);
    let said = '';
    second.child.stdout?.on('data', (text) => {
      said += String(text);
    });
    await until('the second to wait', () => said.includes('another prepare Job is filling'));
    write(join(root, 'go'), '');
    expect((await first.ended).code).toBe(0);
    const ended = await second.ended;
    expect(ended.stdout).toContain('is complete already');
    expect([ended.code, calls().length]).toEqual([0, 1]);
  });

  test.each(['SIGKILL', 'SIGTERM'] as const)(
    '%s half way leaves no marker, and the next one finishes',
    async (signal) => {
      const { env, root, marker, directory } = place();
      const first = start('python3', [PREPARE], { ...env, PAUSE: '1' });
      await until('the first to be half way', () => existsSync(join(root, 'half')));
      first.child.kill(signal);
      expect((await first.ended).code).toBe(signal === 'SIGTERM' ? 143 : null);
      expect(existsSync(marker)).toBe(false);
      expect((await prepare(env)).code).toBe(0);
      expect(readdirSync(directory).filter((name) => name.endsWith('.safetensors'))).toHaveLength(2);
    },
  );
});

describe('a request', () => {
  test('must be named', async () => {
    expect(failed(await run('python3', [PREPARE]))).toContain('PREPARE_SPEC is not set');
  });

  test.each([
    ['{', /is not valid JSON/],
    ['{"model": {"hub": "modelscope"}}', /lacks 'repository'/],
    ['{"models": {}}', /unknown part 'models'/],
  ])('%s is refused', async (text, message) => {
    const spec = write(join(folder(), 'request.json'), text);
    expect(failed(await run('python3', [PREPARE], { PREPARE_SPEC: spec }))).toMatch(message);
  });

  test('for a hub that is not known is refused', async () => {
    const { env } = place({ hub: 'github' });
    expect(failed(await prepare(env))).toContain("unknown hub 'github'; there are modelscope, huggingface and http");
  });

  test('with two addresses for one hub is refused: its library reads the address once', async () => {
    const { env } = place({ endpoint: 'https://a.example.com' });
    const { model: asked } = JSON.parse(readFileSync(env.PREPARE_SPEC, 'utf8'));
    const data = [
      { ...asked, path: 'a.json', endpoint: 'https://b.example.com', directory: `${asked.directory}-data` },
    ];
    write(env.PREPARE_SPEC, JSON.stringify({ model: asked, data }));
    expect(failed(await prepare(env))).toContain('two endpoints for modelscope in PREPARE_SPEC');
  });

  test('that needs a library the image lacks says which', async () => {
    const { env, root } = place();
    rmSync(join(root, 'modules', 'modelscope.py'));
    const python = '/usr/bin/env';
    const ended = await run(python, ['python3', '-S', PREPARE], env);
    expect(failed(ended)).toContain('the image lacks the package modelscope');
  });
});

describe('packages', () => {
  /** A wheel of one module in a local folder, and a request for it. */
  async function packages(hash?: string) {
    const root = folder();
    const make = `
import base64, hashlib, sys, zipfile
files = {"tiny/__init__.py": "answer = 42\\n", "tiny-1.0.dist-info/METADATA": "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n",
         "tiny-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"}
record = "".join("%s,sha256=%s,%d\\n" % (n, base64.urlsafe_b64encode(hashlib.sha256(t.encode()).digest()).rstrip(b"=").decode(), len(t)) for n, t in files.items())
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    for name, text in files.items(): wheel.writestr(name, text)
    wheel.writestr("tiny-1.0.dist-info/RECORD", record + "tiny-1.0.dist-info/RECORD,,\\n")
print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())`;
    const wheel = write(join(root, 'wheels', 'tiny-1.0-py3-none-any.whl'), '');
    const made = await run('python3', ['-c', make, wheel]);
    const requirements = write(
      join(root, 'requirements.txt'),
      `tiny==1.0 --hash=sha256:${hash ?? made.stdout.trim()}\n`,
    );
    const directory = join(root, 'packages 包');
    const request = { packages: { requirements, directory } };
    const env = {
      PREPARE_SPEC: write(join(root, 'request.json'), JSON.stringify(request)),
      PIP_NO_INDEX: '1',
      PIP_FIND_LINKS: pathToFileURL(join(root, 'wheels')).href,
      HOME: root,
    };
    return { directory, env, requirements };
  }

  test('are installed by hash, can be imported, and are not installed twice', async () => {
    const { directory, env } = await packages();
    expect((await prepare(env)).code).toBe(0);
    const use = await run('python3', ['-c', 'import tiny; print(tiny.answer)'], { PYTHONPATH: directory });
    expect(use.stdout).toBe('42\n');
    expect(existsSync(join(directory, '.complete'))).toBe(true);
    const again = await prepare(env);
    expect(again.stdout).toContain('is complete already');
    expect(again.stdout).not.toContain('installing');
  });

  test('with another hash are refused, in one line', async () => {
    const { directory, env } = await packages('0'.repeat(64));
    expect(failed(await prepare(env))).toMatch(/pip cannot install .*: ERROR: THESE PACKAGES DO NOT MATCH THE HASHES/);
    expect(existsSync(join(directory, '.complete'))).toBe(false);
  });

  test('half installed by a killed Job are replaced', async () => {
    const { directory, env } = await packages();
    write(join(directory, 'tiny', '__init__.py'), 'half of');
    expect((await prepare(env)).code).toBe(0);
    expect(readFileSync(join(directory, 'tiny', '__init__.py'), 'utf8')).toBe('answer = 42\n');
  });

  test('that lost a file are installed again', async () => {
    const { directory, env } = await packages();
    await prepare(env);
    rmSync(join(directory, 'tiny', '__init__.py'));
    expect((await prepare(env)).stdout).toContain('fetching again');
    expect(existsSync(join(directory, 'tiny', '__init__.py'))).toBe(true);
  });

  test('changed are refused in the directory of the old ones', async () => {
    const { env, requirements } = await packages();
    await prepare(env);
    write(requirements, `# changed\n${readFileSync(requirements, 'utf8')}`);
    expect(failed(await prepare(env))).toContain('use another directory, or delete this one');
  });

  test('of the requirements file are pinned by version and hash', () => {
    const lines = readFileSync(join(RUNTIME, 'requirements', 'bitsandbytes.txt'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).toMatch(/^[a-z-]+==[\d.]+( --hash=sha256:[0-9a-f]{64})+$/);
  });
});

// The hubs' own libraries against a hub on loopback, where the Python named by TRAINER_PYTHON (or python3) has them.
describe.each([
  ['huggingface', 'huggingface_hub', 'HF_TOKEN'],
  ['modelscope', 'modelscope', 'MODELSCOPE_API_TOKEN'],
])('the real library of %s', (name, library, token) => {
  const TOKEN = / (Bearer secret-token|m_session_id=session)$/;

  const real = (hashes: Record<string, string> = {}) =>
    served(
      { library, token },
      () => hub('Qwen/Tiny', model(), hashes),
      (endpoint, directory) => ({
        model: { hub: name, repository: 'Qwen/Tiny', revision: 'main', endpoint, directory },
      }),
    );

  const SETS: Record<string, Buffer> = {
    'README.md': Buffer.from('# sets'),
    'one.jsonl': Buffer.from('{"a": 1}\n'),
    'math/[1] 数学.jsonl': Buffer.from('{"a": 2}\n'),
    'math/2.json': Buffer.from('[{"a": 3}]'),
    'math/README.md': Buffer.from('# no data'),
    'math/deep/4.jsonl': Buffer.from('{"a": 4}\n'),
    'mixed/a.json': Buffer.from('[]'),
    'mixed/b.csv': Buffer.from('a'),
  };
  const data = (path: string, hashes: Record<string, string> = {}, files = SETS) =>
    served(
      { library, token },
      () => hub('me/sets', files, hashes, 'datasets'),
      (endpoint, directory) => ({
        data: [{ hub: name, repository: 'me/sets', revision: 'main', path, endpoint, directory }],
      }),
    );
  const filesBelow = (directory: string) =>
    (readdirSync(directory, { recursive: true }) as string[])
      .filter((file) => !file.startsWith('.') && statSync(join(directory, file)).isFile())
      .sort();

  test.each([
    ['one.jsonl', ['one.jsonl']],
    ['math', ['math/2.json', 'math/[1] 数学.jsonl']],
  ])('fetches of a repository of data sets what is at %s and no more, with the token', async (path, names) => {
    const setup = await data(path);
    if (setup === undefined) return;
    const ended = await setup.fetch();
    await setup.served.close();
    expect([ended.code, ended.code === 0 ? '' : ended.stderr]).toEqual([0, '']);
    expect(filesBelow(setup.directory)).toEqual(names);
    for (const file of names) expect(readFileSync(join(setup.directory, file)).equals(SETS[file] as Buffer)).toBe(true);
    expect(JSON.parse(readFileSync(join(setup.directory, '.complete'), 'utf8'))).toMatchObject({ hub: name, path });
    expect(setup.served.requests.some((request) => TOKEN.test(request))).toBe(true);
  });

  test('goes on where what the library noted of a file was cut off by a kill', async () => {
    const setup = await real();
    if (setup === undefined) return;
    expect((await setup.fetch()).code).toBe(0);
    const notes = (readdirSync(setup.directory, { recursive: true }) as string[]).filter((file) =>
      file.endsWith('.metadata'),
    );
    expect(notes.length > 0).toBe(name === 'huggingface');
    for (const [i, note] of notes.entries()) writeFileSync(join(setup.directory, note), i % 2 === 0 ? '' : 'abc\nd');
    rmSync(join(setup.directory, '.complete'));
    const ended = await setup.fetch();
    await setup.served.close();
    expect([ended.code, ended.code === 0 ? '' : ended.stderr]).toEqual([0, '']);
  });

  test('reads every page of a long list of data files', async () => {
    const many = Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`other/${i}.json`, Buffer.from('[]')]));
    const setup = await data('z/last.json', {}, { ...many, 'z/last.json': Buffer.from('[1]') });
    if (setup === undefined) return;
    const ended = await setup.fetch();
    await setup.served.close();
    expect([ended.code, filesBelow(setup.directory)]).toEqual([0, ['z/last.json']]);
  });

  test.each([
    ['nothing.json', /me\/sets has no data file at nothing\.json .*it has README\.md/],
    ['README.md', /me\/sets has no data file at README\.md/],
    ['mixed', /me\/sets has files of several types in mixed, and LLaMA-Factory reads one: name a file/],
  ])('says why data at %s cannot be taken', async (path, message) => {
    const setup = await data(path);
    if (setup === undefined) return;
    const ended = await setup.fetch();
    await setup.served.close();
    expect(ended.code).toBe(codeOf('config'));
    expect(ended.stderr).toMatch(message);
    expect(existsSync(join(setup.directory, '.complete'))).toBe(false);
  });

  test('takes a file out of a folder of data that an earlier try left there', async () => {
    const setup = await data('math');
    if (setup === undefined) return;
    write(join(setup.directory, 'math', 'old.jsonl'), '{}');
    expect((await setup.fetch()).code).toBe(0);
    await setup.served.close();
    expect(filesBelow(setup.directory)).not.toContain('math/old.jsonl');
  });

  test('fetches data again that lost a file after they were marked, and asks nothing while they are whole', async () => {
    const setup = await data('math');
    if (setup === undefined) return;
    await setup.fetch();
    const before = setup.served.requests.length;
    expect((await setup.fetch()).stdout).toContain('is complete already');
    expect(setup.served.requests).toHaveLength(before);
    rmSync(join(setup.directory, 'math', '2.json'));
    expect((await setup.fetch()).stdout).toContain('2.json is missing: fetching again');
    await setup.served.close();
    expect(filesBelow(setup.directory)).toContain('math/2.json');
  });

  test('with data whose bytes are not those that the hub names leaves no marker', async () => {
    const parquet = { 'a.parquet': Buffer.from('rows') };
    const setup = await data('a.parquet', { 'a.parquet': '1'.repeat(64) }, parquet);
    if (setup === undefined) return;
    const ended = await setup.fetch();
    await setup.served.close();
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/hash|sha256|integrity/i);
    expect(existsSync(join(setup.directory, '.complete'))).toBe(false);
  });

  test('fetches every byte of it, with the token', async () => {
    const setup = await real();
    if (setup === undefined) return;
    const ended = await setup.fetch();
    await setup.served.close();
    expect([ended.code, ended.code === 0 ? '' : ended.stderr]).toEqual([0, '']);
    for (const [file, data] of Object.entries(model())) {
      expect(readFileSync(join(setup.directory, file)).equals(data)).toBe(true);
    }
    expect(setup.served.requests.some((request) => TOKEN.test(request))).toBe(true);
    expect(existsSync(join(setup.directory, '.complete'))).toBe(true);
  });

  test('asks the hub nothing when the marker is there', async () => {
    const setup = await real();
    if (setup === undefined) return;
    await setup.fetch();
    const before = setup.served.requests.length;
    expect((await setup.fetch()).code).toBe(0);
    expect(setup.served.requests).toHaveLength(before);
    await setup.served.close();
  });

  test('with a file of another hash than the hub says leaves no marker', async () => {
    const setup = await real({ [SHARD]: '1'.repeat(64) });
    if (setup === undefined) return;
    const ended = await setup.fetch();
    await setup.served.close();
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/hash|sha256|integrity/i);
    expect(existsSync(join(setup.directory, '.complete'))).toBe(false);
  });

  test('that cannot reach the hub is not content with what is there', async () => {
    const setup = await real();
    if (setup === undefined) return;
    await setup.fetch();
    await setup.served.close();
    rmSync(join(setup.directory, '.complete'));
    const ended = await setup.fetch();
    expect([ended.code, existsSync(join(setup.directory, '.complete'))]).toEqual([1, false]);
    expect(ended.stderr).toMatch(/prepare: cannot fetch Qwen\/Tiny at (main|master)/);
  });
});
