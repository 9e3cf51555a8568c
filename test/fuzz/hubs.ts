import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { Random } from '../parity/random';
import { PREPARE, place } from '../runtime/prepare-pod';
import { type Ended, start, write } from '../runtime/programs';

/** How long prepare.py may try, and how long after that it may still be there. */
const [TRY_SECONDS, PATIENCE_MS] = [4, 30_000];
/** What its ends may be: done, another try may help, refused, a full disk. */
const CODES = [0, 1, 10, 15];

const DATA = Buffer.from('{"a": "what is right"}\n');
const SHA = 'fb4c2a0f8b6d5f0f6a8b1f5e8d2d6ce0c1f0a5be1d2f4b0e9b6a7c8d9e0f1a2b';

/** Names that a hub's list may give to files. */
const NAMES: readonly unknown[] = [
  'README.md',
  'sub/a.json',
  '../victim',
  '../../victim',
  'a/../../victim',
  '/tmp/victim',
  '..',
  '.',
  '',
  '/',
  './a',
  'a//b',
  'a/.',
  'dots../a',
  '..\\victim',
  '%2e%2e/victim',
  '~/victim',
  '$HOME/victim',
  'victim\0.json',
  'line\nfeed',
  '\ud800',
  '\u202evictim',
  '.complete',
  '.COMPLETE',
  '.failed',
  '.preparing',
  '.prepare.lock',
  '.files',
  '.cache/x',
  '.msc',
  '._____temp/x',
  'x'.repeat(300),
  'y/'.repeat(600),
  'config.json/inside',
  'model.safetensors',
  7,
  null,
  true,
  ['a'],
  { a: 1 },
];
/** What it may say of their sizes. */
const SIZES: readonly unknown[] = [4, 0, -1, 1.5, 1e15, 2 ** 70, '4', null, true, [], {}];

const LENGTHS = ['23', '0', '-1', 'abc', '9'.repeat(30), '1e3', '', ' 23', '23, 23', '4000000000', '0x17', '٢٣'];
const LOCATIONS = [
  'http://',
  'ftp://127.0.0.1/a.json',
  'file:///etc/passwd',
  'http://[::1',
  'http://127.0.0.1:1/',
  'http://me:tiger@127.0.0.1:1/',
  'http://127.0.0.1:99999/',
  'http://exa mple/',
  '//',
  '/again',
  '',
  'javascript:x',
  `http://${'a'.repeat(3000)}.example/`,
  'http://\u00ff\u0000/',
];
const STATUSES = [
  '200 OK',
  '206 Partial Content',
  '204 No Content',
  '304 Not Modified',
  '404 Not Found',
  '416 No',
  '503 Busy',
];

/** One lie: what the hub lists, or what the web server answers. */
interface Lie {
  readonly name: string;
  readonly names?: readonly unknown[];
  readonly size?: unknown;
  readonly answer?: (socket: Socket) => void;
}

/** Writes for as long as somebody reads. */
function withoutEnd(socket: Socket, block: Buffer): void {
  const more = () => {
    while (socket.writable && socket.write(block));
  };
  socket.on('drain', more);
  more();
}

function lieAt(seed: number, index: number): Lie {
  const random = new Random(seed * 1_000_003 + index);
  const draw = (below: number) => random.below(below);
  const one = <T>(of: readonly T[]): T => of[draw(of.length)] as T;
  if (index % 2 === 0) {
    const names = Array.from({ length: 1 + draw(3) }, () => one(NAMES));
    const size = draw(3) === 0 ? one(SIZES) : 4;
    return {
      name: `a list of ${JSON.stringify(names).slice(0, 200)}, each of ${JSON.stringify(size)} bytes`,
      names,
      size,
    };
  }
  const status = one(STATUSES);
  const body = one([DATA, Buffer.alloc(0), Buffer.from('wrong'), DATA.subarray(0, 5), Buffer.alloc(100_000, 0xff)]);
  const length = one(LENGTHS);
  switch (draw(7)) {
    case 0: {
      const location = one(LOCATIONS);
      const head = `HTTP/1.1 ${one(['301', '302', '307', '308'])} Found\r\nLocation: ${location}\r\n\r\n`;
      return { name: `a redirect to ${JSON.stringify(location).slice(0, 80)}`, answer: (socket) => socket.end(head) };
    }
    case 1:
      return {
        name: 'a body without end',
        answer: (socket) => {
          socket.write('HTTP/1.1 200 OK\r\n\r\n');
          withoutEnd(socket, Buffer.alloc(65_536));
        },
      };
    case 2:
      return {
        name: 'headers without end',
        answer: (socket) => {
          socket.write('HTTP/1.1 200 OK\r\n');
          withoutEnd(socket, Buffer.from(`X-${'a'.repeat(1000)}: b\r\n`));
        },
      };
    case 3:
      return {
        name: 'bytes that are no HTTP',
        answer: (socket) => socket.end(Buffer.alloc(1 + draw(5000), draw(256))),
      };
    case 4:
      return { name: 'no answer', answer: (socket) => (draw(2) === 0 ? socket.destroy() : undefined) };
    case 5: {
      const chunk = one(['5\r\nwrong\r\n0\r\n\r\n', 'zz\r\n', '-1\r\n', 'ffffffffffffffff\r\nx', '']);
      const head = `HTTP/1.1 ${status}\r\nTransfer-Encoding: chunked\r\n\r\n`;
      return { name: `chunks ${JSON.stringify(chunk)}`, answer: (socket) => socket.end(head + chunk) };
    }
    default: {
      const head = `HTTP/1.1 ${status}\r\nContent-Length: ${length}\r\nContent-Range: bytes ${length}-/x\r\n\r\n`;
      return {
        name: `${status}, ${body.length} bytes of ${JSON.stringify(length)}`,
        answer: (socket) => {
          socket.write(head);
          socket.end(body);
        },
      };
    }
  }
}

/** What is wrong with how prepare.py took a lie; undefined: nothing. */
export async function faultOfHub(seed: number, index: number): Promise<string | undefined> {
  const lie = lieAt(seed, index);
  const { root, directory, env, marker } = place({ hub: index % 4 < 2 ? 'modelscope' : 'huggingface' });
  const victims = [join(root, 'victim'), join(directory, '..', 'victim')].map((path) => write(path, 'mine'));
  for (const module of ['modelscope', 'huggingface_hub']) {
    const path = join(root, 'modules', `${module}.py`);
    write(path, readFileSync(path, 'utf8').replace('(name, 4)', '(name, json.loads(os.environ["SIZE"]))'));
  }
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('data', () => lie.answer?.(socket));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  const endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  const part = {
    hub: 'http',
    endpoint,
    files: { 'a.json': SHA },
    directory,
    maxBytes: 1_000_000,
    maxSeconds: TRY_SECONDS,
  };
  const request =
    lie.answer === undefined ? {} : { PREPARE_SPEC: write(join(root, 'r.json'), JSON.stringify({ data: [part] })) };
  const before = readdirSync(root)
    .filter((name) => !name.startsWith('call-'))
    .sort();
  const { child, ended } = start('python3', [PREPARE], {
    ...env,
    ...request,
    NAMES: JSON.stringify(lie.names ?? []),
    SIZE: JSON.stringify(lie.size ?? 4),
    PREPARE_SECONDS: String(2 * TRY_SECONDS),
    PREPARE_STALL_SECONDS: '2',
    TERMINATION_LOG: join(root, 'log'),
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  const result = await ended;
  clearTimeout(timer);
  for (const socket of sockets) socket.destroy();
  server.close();
  const after = readdirSync(root)
    .filter((name) => !name.startsWith('call-'))
    .sort();
  const touched = victims.filter((path) => readFileSync(path, 'utf8') !== 'mine');
  const fault =
    faultOfEnd(result) ??
    (touched.length > 0 || before.join() !== after.join() ? `files outside: ${touched} ${after}` : undefined) ??
    (result.code !== 0 && readdirSync(directory).includes('.complete')
      ? `a marker, and exit code ${result.code}`
      : undefined) ??
    (result.code === 0 && !readdirSync(join(marker, '..')).includes('.complete')
      ? 'no marker, and exit code 0'
      : undefined);
  rmSync(root, { recursive: true, force: true });
  return fault === undefined ? undefined : `${index}: ${lie.name}: ${fault}`;
}

function faultOfEnd({ code, stdout, stderr }: Ended): string | undefined {
  if (code === null) return `still there after ${PATIENCE_MS / 1000} s`;
  if (!CODES.includes(code)) return `exit code ${code}: ${stderr.slice(-500)}`;
  if (/Traceback|unexpected \w+Error/.test(stdout + stderr)) return stderr.slice(-500);
  const lines = stderr.split('\n').filter((line) => line !== '');
  const isOneLine = code === 0 ? lines.length === 0 : lines.length === 1 && stderr.startsWith('prepare: ');
  return isOneLine ? undefined : `exit code ${code}, and its last words are: ${stderr.slice(-500)}`;
}
