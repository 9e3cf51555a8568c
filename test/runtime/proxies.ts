import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import { type AddressInfo, connect, createServer as createNetServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { folder } from './programs';

/** Where a proxy finds a server that only it knows, on loopback: by `host:port`. */
export type Routes = Readonly<Record<string, number>>;

/** A proxy on loopback. */
export interface TestProxy {
  readonly port: number;
  /** The servers it was asked for, as `host:port`. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** The port that a server on loopback listens on. */
export const portOf = (url: string): number => Number(new URL(url).port);

async function listening(server: Server): Promise<{ port: number; close: () => Promise<void> }> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const socket of open) socket.destroy();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function joined(one: Socket, other: Socket): void {
  other.on('error', () => one.destroy());
  one.on('error', () => other.destroy());
  one.pipe(other).pipe(one);
}

/** A proxy of HTTP: it passes requests on, and opens tunnels for TLS. With `credentials` it wants them. */
export async function httpProxy(routes: Routes, credentials?: string): Promise<TestProxy> {
  const asked: string[] = [];
  const welcome = (header: string | undefined): boolean =>
    credentials === undefined || header === `Basic ${Buffer.from(credentials).toString('base64')}`;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '');
    const route = `${url.hostname}:${url.port || 80}`;
    asked.push(route);
    if (!welcome(request.headers['proxy-authorization'])) {
      response.writeHead(407, { 'proxy-authenticate': 'Basic' }).end();
      return;
    }
    const port = routes[route];
    if (port === undefined) {
      response.writeHead(502).end();
      return;
    }
    const { method, headers } = request;
    const onward = httpRequest(
      { host: '127.0.0.1', port, path: url.pathname + url.search, method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  server.on('connect', (request, socket: Socket) => {
    asked.push(request.url ?? '');
    const port = routes[request.url ?? ''];
    if (!welcome(request.headers['proxy-authorization'])) {
      socket.end(
        'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n',
      );
    } else if (port === undefined) {
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    } else {
      const other = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        joined(socket, other);
      });
    }
  });
  return { asked, ...(await listening(server)) };
}

/** A proxy of SOCKS 5 that looks up names itself. Source: RFC 1928, RFC 1929. */
export async function socksProxy(routes: Routes, credentials?: string): Promise<TestProxy> {
  const asked: string[] = [];
  const server = createNetServer((socket) => {
    let step: 'methods' | 'password' | 'request' | 'open' = 'methods';
    let data = Buffer.alloc(0);
    const read = (chunk: Buffer): void => {
      data = Buffer.concat([data, chunk]);
      if (step === 'methods' && data.length >= 2 && data.length >= 2 + (data[1] ?? 0)) {
        data = data.subarray(2 + (data[1] ?? 0));
        step = credentials === undefined ? 'request' : 'password';
        socket.write(Buffer.from([5, credentials === undefined ? 0 : 2]));
      }
      if (step === 'password' && data.length >= 2) {
        const user = data.subarray(2, 2 + (data[1] ?? 0)).toString();
        const password = data.subarray(3 + user.length, 3 + user.length + (data[2 + user.length] ?? 0)).toString();
        data = data.subarray(3 + user.length + password.length);
        const right = `${user}:${password}` === credentials;
        socket.write(Buffer.from([1, right ? 0 : 1]));
        if (!right) {
          socket.end();
          return;
        }
        step = 'request';
      }
      if (step === 'request' && data.length >= 5 && data[3] === 3 && data.length >= 7 + (data[4] ?? 0)) {
        const name = data.subarray(5, 5 + (data[4] ?? 0)).toString();
        const route = `${name}:${data.readUInt16BE(5 + name.length)}`;
        asked.push(route);
        step = 'open';
        const port = routes[route];
        if (port === undefined) {
          socket.end(Buffer.from([5, 4, 0, 1, 0, 0, 0, 0, 0, 0]));
          return;
        }
        socket.off('data', read);
        const other = connect(port, '127.0.0.1', () => {
          socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
          joined(socket, other);
        });
      }
    };
    socket.on('data', read);
  });
  return { asked, ...(await listening(server)) };
}

/** A certificate authority of nobody's, in a file, and a certificate that it has signed for some hosts. */
export function authority(hosts: readonly string[]): {
  readonly file: string;
  readonly key: Buffer;
  readonly cert: Buffer;
} {
  const at = folder();
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: at, stdio: 'ignore' });
  };
  const pair = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  openssl(
    'req',
    '-x509',
    ...pair,
    '-subj',
    '/CN=Private CA',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-addext',
    'keyUsage=critical,keyCertSign',
  );
  const names = `subjectAltName=${hosts.map((host) => `DNS:${host}`).join(',')}`;
  const signed = [
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-addext',
    names,
    '-addext',
    'basicConstraints=critical,CA:FALSE',
  ];
  openssl(
    'req',
    '-x509',
    ...pair,
    ...signed,
    '-subj',
    `/CN=${hosts[0]}`,
    '-keyout',
    'server.key',
    '-out',
    'server.crt',
  );
  const read = (name: string): Buffer => readFileSync(join(at, name));
  return { file: join(at, 'ca.crt'), key: read('server.key'), cert: read('server.crt') };
}

/** Speaks TLS before a server on loopback that doesn't. */
export async function tlsBefore(
  url: string,
  { key, cert }: { readonly key: Buffer; readonly cert: Buffer },
): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createTlsServer({ key, cert }, (socket) => {
    const other = connect(portOf(url), '127.0.0.1', () => joined(socket, other));
  });
  server.on('tlsClientError', () => {});
  return listening(server);
}
