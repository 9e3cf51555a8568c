import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { endless, hub, type Lies, model } from './hub';
import { failed, PREPARE, place, prepare, served } from './prepare-pod';
import { cleanUp, folder, onSmallVolume, textOf, write } from './programs';

jest.setTimeout(120_000);
afterAll(cleanUp);

const HUBS = [
  ['huggingface', 'huggingface_hub', 'HF_TOKEN'],
  ['modelscope', 'modelscope', 'MODELSCOPE_API_TOKEN'],
] as const;

describe.each(HUBS.map(([name]) => name))('a list of %s', (name) => {
  test.each([
    ['../victim'],
    ['a/../../victim'],
    ['/tmp/victim'],
    ['..\\victim'],
    ['victim\0.json'],
    ['line\nfeed'],
    ['\ud800'],
    ['a//b'],
    ['./a'],
    ['dots../a'],
    ['folder/'],
    [''],
    [7],
    [null],
    ['.complete'],
    ['.Complete'],
    ['.failed'],
    ['.preparing'],
    ['.prepare.lock'],
    ['.files'],
    ['.cache/huggingface/download/x.metadata'],
    ['.msc'],
    ['._____temp/x'],
    ['x'.repeat(300)],
    ['config.json/inside'],
  ])('that names %j is refused before any use, and nothing is touched', async (bad) => {
    const { env, directory, calls, marker } = place({ hub: name });
    const victim = write(join(directory, '..', 'victim'), 'mine');
    const ended = await prepare({ ...env, NAMES: JSON.stringify([bad]) });
    expect(failed(ended)).toContain("prepare: the hub's list of Qwen/Qwen3-14B names");
    expect([textOf(victim), calls(), existsSync(marker)]).toEqual(['mine', [], false]);
    expect(readdirSync(directory).sort()).toEqual(['.failed', '.prepare.lock']);
  });

  test.each(['-1', '"4"', 'true', 'None', '1.5', '10**30'])(
    'that gives a file the size %s is refused',
    async (size) => {
      const { env, root, calls } = place({ hub: name });
      for (const module of ['modelscope', 'huggingface_hub']) {
        const path = join(root, 'modules', `${module}.py`);
        write(path, readFileSync(path, 'utf8').replace('(name, 4)', `(name, ${size.replace('true', 'True')})`));
      }
      const ended = await prepare({ ...env, NAMES: '["README.md"]' });
      expect(failed(ended, size === '10**30' ? 'disk' : 'config')).toMatch(/gives README\.md the size|a disk is full/);
      expect(calls()).toEqual([]);
    },
  );

  test('leads through no symbolic link in the directory', async () => {
    const { env, root, directory, calls } = place({ hub: name });
    const elsewhere = join(root, 'elsewhere');
    const victim = write(join(elsewhere, 'a.json'), 'mine');
    mkdirSync(directory, { recursive: true });
    symlinkSync(elsewhere, join(directory, 'sub'));
    const ended = await prepare({ ...env, NAMES: '["sub/a.json"]' });
    expect(failed(ended)).toContain(`${join(directory, 'sub')} is a symbolic link`);
    expect([textOf(victim), calls()]).toEqual(['mine', []]);
  });

  test.each(['.complete', '.complete.partial', '.preparing', '.prepare.lock'])(
    'is written about through no symbolic link %s',
    async (link) => {
      const { env, root, directory } = place({ hub: name });
      const victim = write(join(root, 'victim'), 'mine');
      mkdirSync(directory, { recursive: true });
      symlinkSync(victim, join(directory, link));
      await prepare(env);
      expect(textOf(victim)).toBe('mine');
    },
  );

  test('whose files have no end is stopped, and leaves the room it took', async () => {
    const { env, directory } = place({ hub: name });
    const ended = await prepare({ ...env, ENDLESS: '1' });
    expect(failed(ended, 'other')).toMatch(/the server sends more than it announced: .* grew by \d+ bytes/);
    expect(readdirSync(directory).sort()).toEqual(['.prepare.lock', '.preparing']);
  });

  test('whose files never come is given up', async () => {
    const { env } = place({ hub: name });
    const ended = await prepare({ ...env, PAUSE: '1', PREPARE_STALL_SECONDS: '2' });
    expect(failed(ended, 'other')).toMatch(/the download stalls: \d+ bytes in \d+ s/);
  });

  test('that takes longer than all tries may fails for good, and who waits is told', async () => {
    const { env, directory } = place({ hub: name, maxSeconds: 2 });
    expect(failed(await prepare({ ...env, PAUSE: '1' }))).toContain('is not filled after 2 s, in try 1');
    expect(textOf(join(directory, '.failed'))).toContain('is not filled after 2 s');
    expect(readdirSync(directory)).not.toContain('.preparing');
  });

  test('is given the time that earlier tries of the Job left, and a new Job all of it', async () => {
    const { env, directory } = place({ hub: name, maxSeconds: 600 });
    const pod = { ...env, PAUSE: '1', PREPARE_JOB: 'one', PREPARE_SECONDS: '2' };
    expect(failed(await prepare(pod), 'other')).toContain('not done after 2 s');
    const sign = join(directory, '.preparing');
    const { first, ...others } = JSON.parse(textOf(sign));
    write(sign, JSON.stringify({ ...others, first: first - 600 }));
    expect(failed(await prepare({ ...pod, PREPARE_SECONDS: '60' }))).toContain('is not filled after 600 s, in try 2');
    expect(failed(await prepare({ ...pod, PREPARE_JOB: 'two' }), 'other')).toContain('not done after 2 s');
  });

  test('whose files are more than the volume is made for is refused before any download', async () => {
    const { env, calls } = place({ hub: name, maxBytes: 10 });
    expect(failed(await prepare(env))).toMatch(
      /has \d+ bytes, and 10 are the most for its volume: set the volume's size/,
    );
    expect(calls()).toEqual([]);
  });

  test('that takes longer than a try may is given up', async () => {
    const { env } = place({ hub: name });
    const ended = await prepare({ ...env, PAUSE: '1', PREPARE_SECONDS: '2' });
    expect(failed(ended, 'other')).toContain('not done after 2 s');
  });
});

// The hubs' own libraries ask for the list once more themselves.
describe.each(HUBS)('the real library of %s', (name, library, token) => {
  const lying = (lies: Lies, variables: Record<string, string> = {}, kind: 'models' | 'datasets' = 'models') =>
    served(
      { library, token },
      () => hub('Qwen/Tiny', { ...model(), 'data/a.jsonl': Buffer.from('{}') }, {}, kind, lies),
      (endpoint, directory) => {
        const part = { hub: name, repository: 'Qwen/Tiny', endpoint, directory };
        return kind === 'models' ? { model: part } : { data: [{ ...part, path: 'data' }] };
      },
      variables,
    );

  test.each(['models', 'datasets'] as const)('never gets a name outside, in %s', async (kind) => {
    const setup = await lying({ listed: ['../victim', 'data/../../victim'] }, {}, kind);
    if (setup === undefined) return;
    const victim = write(join(setup.directory, '..', 'victim'), 'mine');
    const ended = await setup.fetch();
    await setup.served.close();
    expect(failed(ended)).toMatch(/names the file '\.\.\/victim', which lies outside of/);
    expect(textOf(victim)).toBe('mine');
  });

  test('that is told of one when it asks itself writes nothing there', async () => {
    const setup = await lying({ listed: ['../victim', 'more.json'], from: 2 });
    if (setup === undefined) return;
    const victim = write(join(setup.directory, '..', 'victim'), 'mine');
    const ended = await setup.fetch();
    await setup.served.close();
    expect([ended.code, textOf(victim)]).toEqual([0, 'mine']);
    expect(existsSync(join(setup.directory, 'more.json'))).toBe(false);
    const lists = setup.served.requests.filter((request) => /\/(revision\/|repo\/files|repo\/tree)/.test(request));
    expect(lists.length).toBeGreaterThan(1);
  });

  test('is stopped in an answer without end', async () => {
    const setup = await lying({ endless: 'tokenizer.json' });
    if (setup === undefined) return;
    const ended = await setup.fetch();
    await setup.served.close();
    expect(ended.stderr).toMatch(/prepare: (the server sends more than it announced|cannot fetch .*)/);
    expect(ended.code).not.toBe(0);
    expect(existsSync(join(setup.directory, '.complete'))).toBe(false);
  });

  test('is given up where a byte comes now and then', async () => {
    const setup = await lying({ drip: 'model-00001-of-00002.safetensors' }, { PREPARE_STALL_SECONDS: '4' });
    if (setup === undefined) return;
    const ended = await setup.fetch();
    await setup.served.close();
    expect(ended.stderr).toMatch(/prepare: (the download stalls|cannot fetch)/);
    expect(ended.code).not.toBe(0);
  });
});

describe('a web server', () => {
  const DATA = Buffer.from('[{"instruction": "1+1"}]');
  const HASH = createHash('sha256').update(DATA).digest('hex');
  const servers: Array<() => void> = [];
  afterAll(() => {
    for (const close of servers) close();
  });

  /** A server of one file that answers as it likes, and what the request says of the file. */
  async function answering(answer: RequestListener, part: object = {}) {
    const server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const root = folder();
    const directory = join(root, 'data');
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const data = [{ hub: 'http', endpoint, files: { 'a.json': HASH }, directory, ...part }];
    return {
      env: { PREPARE_SPEC: write(join(root, 'r.json'), JSON.stringify({ data })), HOME: root },
      directory,
      root,
    };
  }

  const withoutEnd: RequestListener = (_, response) => {
    Readable.from(endless()).pipe(response);
  };
  const small = { sizes: { 'a.json': DATA.length } };

  test.each([
    ['sizes', small],
    ['maxBytes', { maxBytes: 33_000 }],
  ])('that sends more than %s says is stopped, and what it sent is removed', async (_key, part) => {
    const { env, directory } = await answering(withoutEnd, part);
    expect(failed(await prepare(env))).toMatch(/sends more than \d+ bytes/);
    expect(readdirSync(directory).sort()).toEqual(['.failed', '.prepare.lock']);
  });

  test('is held to maxBytes over all its files', async () => {
    const files = { 'a.json': HASH, 'b.json': HASH };
    const part = { files, maxBytes: DATA.length + 5 };
    const { env } = await answering((_, response) => response.end(DATA), part);
    expect(failed(await prepare(env))).toMatch(/b\.json (sends more than|announces \d+ bytes, and) 5/);
  });

  test('that announces more is not listened to', async () => {
    const { env } = await answering((_, response) => response.writeHead(200, { 'content-length': 3e9 }).end(), small);
    expect(failed(await prepare(env))).toMatch(/announces 3000000000 bytes, and 24 are the most/);
  });

  test('that announces more than the volume has room for is a full disk', async () => {
    const { env, directory } = await answering((_, response) =>
      response.writeHead(200, { 'content-length': 60e9 }).end(),
    );
    const ended = await onSmallVolume(directory, '1m', ['python3', PREPARE], env);
    expect(failed(ended, 'disk')).toContain('a disk is full: 60000000000 bytes are to come');
  });

  test('that fills the volume is a full disk, and asked no second time', async () => {
    let asked = 0;
    const { env, directory } = await answering((request, response) => {
      asked += 1;
      withoutEnd(request, response);
    });
    const ended = await onSmallVolume(directory, '1m', ['python3', PREPARE], env);
    expect(failed(ended, 'disk')).toContain('No space left on device');
    expect(asked).toBe(1);
    // Who waits is told, on the full volume.
    expect(ended.stdout).toContain('prepare: a disk is full');
  });

  test('of which a byte comes now and then is given up', async () => {
    const { env } = await answering((_, response) => {
      response.writeHead(200, { 'content-length': DATA.length });
      const drip = setInterval(() => response.write('['), 300);
      response.on('close', () => clearInterval(drip));
    });
    const ended = await prepare({ ...env, PREPARE_STALL_SECONDS: '2' });
    expect(failed(ended, 'other')).toContain('the download stalls');
  });

  test.each([
    'http://[',
    'http://a..b/',
    `http://${'x'.repeat(70)}.example/`,
    'ftp://127.0.0.1/a',
    'file:///etc/passwd',
  ])('that redirects to %s is told in one line, and asked no second time', async (location) => {
    let asked = 0;
    const { env } = await answering((_, response) => {
      asked += 1;
      response.writeHead(302, { location }).end();
    });
    expect(failed(await prepare(env))).toContain('cannot fetch http://127.0.0.1:');
    expect(asked).toBe(1);
  });

  test.each(['abc', '-5', '24, 24', '1e3', ''])('with the content length %j ends well by the hash', async (length) => {
    const { env, directory } = await answering((request) => {
      const { socket } = request;
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${DATA}`);
    });
    const ended = await prepare(env);
    expect([ended.code, ended.stderr]).toEqual([0, '']);
    expect(readFileSync(join(directory, 'a.json'))).toEqual(DATA);
  });

  test('whose file would go through a symbolic link gets nowhere', async () => {
    const { env, directory, root } = await answering((_, response) => response.end(DATA));
    const victim = write(join(root, 'victim'), 'mine');
    mkdirSync(directory);
    symlinkSync(victim, join(directory, 'a.json.partial'));
    expect(failed(await prepare(env))).toContain('is a symbolic link');
    rmSync(join(directory, 'a.json.partial'));
    expect([(await prepare(env)).code, textOf(victim)]).toEqual([0, 'mine']);
  });
});
