import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';

/** A hub on loopback: as much of Hugging Face's and ModelScope's HTTP interface as their own libraries ask for. */
export interface Hub {
  readonly url: string;
  /** What was asked, as `METHOD path token`; older libraries of ModelScope log in, and send a cookie instead. */
  readonly requests: string[];
  close(): Promise<void>;
}

/** What a hub says or sends that it should not. */
export interface Lies {
  /** Names that its lists have besides the files. */
  readonly listed?: readonly string[];
  /** From which list on it names them: a library asks once more after prepare.py. */
  readonly from?: number;
  /** The file whose answer has no end, and no length. */
  readonly endless?: string;
  /** The file of which a byte comes now and then. */
  readonly drip?: string;
}

const DATASET_ID = 4711;
const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const EVIL = Buffer.from('evil');

/** Blocks without end. */
export function* endless(): Generator<Buffer> {
  while (true) yield Buffer.alloc(1 << 20, 7);
}

const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

/** Whether a hub keeps a file by its SHA-256, beside Git. */
const isLarge = (name: string): boolean => /\.(safetensors|parquet)$/.test(name);

const gitHash = (data: Buffer): string => createHash('sha1').update(`blob ${data.length}\0`).update(data).digest('hex');

/** Serves one repository, of a model or of data sets; `hashes` and `lies` may be untrue. */
export async function hub(
  repository: string,
  files: Readonly<Record<string, Buffer>>,
  hashes: Readonly<Record<string, string>> = {},
  kind: 'models' | 'datasets' = 'models',
  lies: Lies = {},
): Promise<Hub> {
  const requests: string[] = [];
  let lists = 0;
  const listed = (): Array<[string, Buffer]> => {
    lists += 1;
    const more = lists >= (lies.from ?? 1) ? (lies.listed ?? []) : [];
    return [...Object.entries(files), ...more.map((name): [string, Buffer] => [name, EVIL])];
  };
  const hashOf = (name: string, data: Buffer): string => hashes[name] ?? sha256(data);
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://hub');
    requests.push(
      `${request.method} ${url.pathname} ${request.headers.authorization ?? request.headers.cookie ?? ''}`.trim(),
    );
    const json = (value: unknown): void => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(value));
    };
    const send = (name: string): void => {
      const data = files[name] ?? (lies.listed === undefined ? undefined : EVIL);
      if (data === undefined) {
        response.statusCode = 404;
        response.end();
        return;
      }
      response.setHeader('etag', `"${hashOf(name, data)}"`);
      response.setHeader('x-linked-etag', `"${hashOf(name, data)}"`);
      response.setHeader('x-linked-size', data.length);
      response.setHeader('x-repo-commit', COMMIT);
      if (request.method === 'GET' && name === lies.endless) {
        Readable.from(endless()).pipe(response);
        return;
      }
      response.setHeader('content-length', data.length);
      if (request.method === 'GET' && name === lies.drip) {
        const drip = setInterval(() => response.write('.'), 300);
        response.on('close', () => clearInterval(drip));
        return;
      }
      response.end(request.method === 'HEAD' ? undefined : data);
    };
    const info = `/api/${kind}/${repository}`;
    const raw = `${kind === 'models' ? '' : '/datasets'}/${repository}/resolve/${COMMIT}/`;
    const scope = `/api/v1/${kind}/${repository}`;
    const trees = [`${scope}/repo/files`, `${scope}/repo/tree`, `/api/v1/datasets/${DATASET_ID}/repo/tree`];
    if (url.pathname === info || url.pathname.startsWith(`${info}/revision/`)) {
      const siblings = listed().map(([rfilename, data]) => ({
        rfilename,
        size: data.length,
        blobId: gitHash(data),
        ...(isLarge(rfilename)
          ? { lfs: { sha256: hashOf(rfilename, data), size: data.length, pointerSize: 134 } }
          : {}),
      }));
      json({ id: repository, modelId: repository, sha: COMMIT, private: false, tags: [], siblings });
    } else if (url.pathname === `${info}/tree/${COMMIT}`) {
      json(
        listed().map(([path, data]) => ({
          type: 'file',
          path,
          size: data.length,
          oid: hashOf(path, data).slice(0, 40),
          ...(isLarge(path) ? { lfs: { oid: hashOf(path, data), size: data.length, pointerSize: 134 } } : {}),
        })),
      );
    } else if (url.pathname.startsWith(raw)) {
      send(decodeURIComponent(url.pathname.slice(raw.length)));
    } else if (url.pathname === scope) {
      // ModelScope calls data sets by a number of its own in what follows.
      json({ Code: 200, Success: true, Data: { Id: DATASET_ID, Type: 3 } });
    } else if (trees.includes(url.pathname)) {
      const root = (url.searchParams.get('Root') ?? '').replace(/^\/+|\/+$/g, '');
      const [page, size] = ['PageNumber', 'PageSize'].map((name) => Number(url.searchParams.get(name) ?? 0));
      const list = listed()
        .filter(([path]) => root === '' || path.startsWith(`${root}/`))
        .map(([Path, data]) => ({
          Path,
          Name: Path.split('/').at(-1),
          Type: 'blob',
          Size: data.length,
          Sha256: hashOf(Path, data),
          Revision: COMMIT,
        }));
      const shown = page === undefined || !size ? list : list.slice((page - 1) * size, page * size);
      json({ Code: 200, Success: true, Data: { Files: shown, LatestCommitter: {} } });
    } else if (url.pathname === `${scope}/repo`) {
      send(url.searchParams.get('FilePath') ?? '');
    } else if (url.pathname === '/api/v1/login') {
      response.setHeader('set-cookie', 'm_session_id=session; Path=/');
      json({ Code: 200, Success: true, Data: { AccessToken: 'git', Username: 'me', Email: 'me@example.com' } });
    } else if (url.pathname === `${scope}/revisions`) {
      json({ Code: 200, Data: { RevisionMap: { Branches: [{ Revision: 'master', CreatedAt: 1 }], Tags: [] } } });
    } else {
      response.statusCode = 404;
      json({});
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** A plain web server with ranges, which sends each file in two parts; a name that ends in / is a page. */
export async function webServer(files: Readonly<Record<string, Buffer>>): Promise<Hub> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url} ${request.headers.range ?? ''}`.trim());
    const name = decodeURIComponent((request.url ?? '/').slice(1));
    const data = files[name];
    if (name.endsWith('/')) response.setHeader('content-type', 'text/html');
    if (data === undefined) {
      response.writeHead(404).end();
      return;
    }
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (from >= data.length) {
      response.writeHead(416).end();
      return;
    }
    const rest = data.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': rest.length });
    response.write(rest.subarray(0, rest.length / 2));
    setTimeout(() => response.end(rest.subarray(rest.length / 2)), 3);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () => {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A safetensors file with one tensor of so many bytes. */
export function safetensors(bytes: number): Buffer {
  const header = Buffer.from(JSON.stringify({ weight: { dtype: 'U8', shape: [bytes], data_offsets: [0, bytes] } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(bytes, 7)]);
}

/** A small model of two shards. */
export function model(): Record<string, Buffer> {
  const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'] as const;
  return {
    'config.json': Buffer.from('{"model_type": "qwen3"}'),
    'tokenizer.json': Buffer.from('{}'),
    'model.safetensors.index.json': Buffer.from(JSON.stringify({ weight_map: { a: shards[0], b: shards[1] } })),
    [shards[0]]: safetensors(100_000),
    [shards[1]]: safetensors(5),
  };
}
