import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Hub, hub, model, webServer } from './hub';
import { codeOf } from './pod';
import { PREPARE, prepare } from './prepare-pod';
import { cleanUp, type Ended, folder, run, write } from './programs';
import { authority, httpProxy, portOf, socksProxy, type TestProxy, tlsBefore } from './proxies';

jest.setTimeout(120_000);

const closing: Array<() => Promise<void>> = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});
afterAll(cleanUp);
const open = <T extends { close(): Promise<void> }>(server: T): T => {
  closing.push(() => server.close());
  return server;
};

/** A Python with the hubs' own libraries. */
const PYTHON = process.env.TRAINER_PYTHON ?? 'python3';
const CA = authority(['hub.test', 'pypi.test']);
const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
const REPOSITORY = 'Qwen/Qwen3-Tiny';

/** The variables of a pod, as the constructs write them; small ones too. */
const proxied = (address: string, socks = false): Record<string, string> => {
  const values = {
    HTTP_PROXY: address,
    HTTPS_PROXY: address,
    ...(socks ? { ALL_PROXY: address } : {}),
    NO_PROXY: '.svc',
  };
  return {
    ...values,
    ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name.toLowerCase(), value])),
  };
};
const trusting = (file: string) => ({
  SSL_CERT_FILE: file,
  REQUESTS_CA_BUNDLE: file,
  PIP_CERT: file,
  CURL_CA_BUNDLE: file,
});

/** Whether it has a module; says so where it hasn't. */
const has = async (module: string): Promise<boolean> => {
  const found = await run(PYTHON, ['-c', `import ${module}`], { HOME: folder() });
  if (found.code !== 0)
    console.warn(`${PYTHON} has no ${module}: not run (set TRAINER_PYTHON to a Python that has it)`);
  return found.code === 0;
};

/** What is said last, after a library's own log, of a failure that would come again. */
const refused = ({ code, stderr }: Ended): string => {
  expect(code).toBe(codeOf('config'));
  return stderr.trim().split('\n').at(-1) ?? '';
};

interface Source {
  readonly name: string;
  readonly library?: string;
  /** What serves it. */
  make(): Promise<Hub>;
  /** What is asked for at an address. */
  request(endpoint: string, directory: string): Promise<object> | object;
  /** A file that is there when it is done. */
  readonly file: string;
}

const WHEEL = `
import base64, hashlib, sys, zipfile
files = {"tiny/__init__.py": "answer = 42\\n", "tiny-1.0.dist-info/METADATA": "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n",
         "tiny-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"}
record = "".join("%s,sha256=%s,%d\\n" % (n, base64.urlsafe_b64encode(hashlib.sha256(t.encode()).digest()).rstrip(b"=").decode(), len(t)) for n, t in files.items())
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    for name, text in files.items(): wheel.writestr(name, text)
    wheel.writestr("tiny-1.0.dist-info/RECORD", record + "tiny-1.0.dist-info/RECORD,,\\n")`;
const wheelFile = join(folder(), 'tiny-1.0-py3-none-any.whl');

const hubbed = (name: 'huggingface' | 'modelscope', library: string): Source => ({
  name,
  library,
  make: () => hub(REPOSITORY, model()),
  request: (endpoint, directory) => ({ model: { hub: name, repository: REPOSITORY, endpoint, directory } }),
  file: 'config.json',
});

const SOURCES: readonly Source[] = [
  {
    name: 'a web server',
    make: () => webServer(Object.fromEntries(Object.entries(model()).map(([name, data]) => [`qwen/${name}`, data]))),
    request: (endpoint, directory) => {
      const files = Object.fromEntries(Object.entries(model()).map(([name, data]) => [name, sha256(data)]));
      return { model: { hub: 'http', endpoint: `${endpoint}/qwen`, files, directory } };
    },
    file: 'config.json',
  },
  {
    name: 'a package index',
    make: async () => {
      if (!existsSync(wheelFile)) expect((await run('python3', ['-c', WHEEL, wheelFile])).code).toBe(0);
      const wheel = 'tiny-1.0-py3-none-any.whl';
      const page = Buffer.from(`<!DOCTYPE html><a href="/${wheel}">${wheel}</a>`);
      return webServer({ 'simple/tiny/': page, [wheel]: readFileSync(wheelFile) });
    },
    request: (endpoint, directory) => {
      const requirements = write(
        join(folder(), 'requirements.txt'),
        `tiny==1.0 --hash=sha256:${sha256(readFileSync(wheelFile))}\n`,
      );
      return { packages: { requirements, directory, indexUrl: `${endpoint}/simple` } };
    },
    file: 'tiny/__init__.py',
  },
  hubbed('huggingface', 'huggingface_hub'),
  hubbed('modelscope', 'modelscope'),
];

/** Prepares from a source that only a proxy knows as `https://hub.test` and `http://hub.test`. */
async function fetched(
  source: Source,
  scheme: 'http' | 'https',
  way: (routes: Record<string, number>) => Promise<{ proxy?: TestProxy; env: Record<string, string> }>,
) {
  const served = open(await source.make());
  const secure = open(await tlsBefore(served.url, CA));
  const { proxy, env } = await way({ 'hub.test:443': secure.port, 'hub.test:80': portOf(served.url) });
  const root = folder();
  const directory = join(root, 'there');
  const request = await source.request(`${scheme}://hub.test`, directory);
  const variables = {
    PREPARE_SPEC: write(join(root, 'request.json'), JSON.stringify(request)),
    HOME: root,
    MODELSCOPE_DISABLE_TELEMETRY: '1',
    PIP_RETRIES: '1',
    ...env,
  };
  const ended = await run(PYTHON, [PREPARE], variables);
  return { ended, proxy, served, isThere: () => existsSync(join(directory, source.file)) };
}

describe.each(SOURCES)('$name', (source) => {
  const isKnown = async (): Promise<boolean> => source.library === undefined || has(source.library);

  test.each(['http', 'https'] as const)(
    'is fetched from by %s through a proxy that wants a password',
    async (scheme) => {
      if (!(await isKnown())) return;
      const { ended, proxy, isThere } = await fetched(source, scheme, async (routes) => {
        const proxy = open(await httpProxy(routes, 'me:pass word'));
        const PROXY_CREDENTIALS = 'me:pass%20word';
        const env = { PROXY_CREDENTIALS, ...proxied(`http://${PROXY_CREDENTIALS}@127.0.0.1:${proxy.port}`) };
        return { proxy, env: { ...env, ...trusting(CA.file), PIP_TRUSTED_HOST: 'hub.test' } };
      });
      expect([ended.code, isThere()]).toEqual([0, true]);
      expect(proxy?.asked.length).toBeGreaterThan(0);
    },
  );

  test('whose proxy wants another password is given up at once, and no password is shown', async () => {
    if (!(await isKnown())) return;
    const { ended } = await fetched(source, 'https', async (routes) => {
      const proxy = open(await httpProxy(routes, 'me:right'));
      return {
        env: {
          PROXY_CREDENTIALS: 'me:wr0ng',
          ...proxied(`http://me:wr0ng@127.0.0.1:${proxy.port}`),
          ...trusting(CA.file),
        },
      };
    });
    expect(refused(ended)).toMatch(/the proxy wants other credentials \(407\)/);
    expect(ended.stdout + ended.stderr).not.toContain('wr0ng');
  });

  test('with a certificate of nobody’s is given up at once, with what is trusted instead', async () => {
    if (!(await isKnown())) return;
    const { ended, served } = await fetched(source, 'https', async (routes) => {
      const proxy = open(await httpProxy(routes));
      return { env: { ...proxied(`http://127.0.0.1:${proxy.port}`), ...trusting(authority(['x.test']).file) } };
    });
    expect(refused(ended)).toMatch(/signed by no authority that is trusted here \(SSL_CERT_FILE is .*ca\.crt\)/);
    expect(served.requests).toEqual([]);
  });

  test.each(['http', 'https'] as const)(
    'is fetched from by %s through SOCKS, which wants a password',
    async (scheme) => {
      if (!(await isKnown()) || !(await has('socks'))) return;
      const { ended, proxy, isThere } = await fetched(source, scheme, async (routes) => {
        const proxy = open(await socksProxy(routes, 'me:word'));
        const env = proxied(`socks5h://me:word@127.0.0.1:${proxy.port}`, true);
        return {
          proxy,
          env: { PROXY_CREDENTIALS: 'me:word', ...env, ...trusting(CA.file), PIP_TRUSTED_HOST: 'hub.test' },
        };
      });
      expect([ended.code, isThere()]).toEqual([0, true]);
      expect(proxy?.asked.length).toBeGreaterThan(0);
    },
  );
});

test('SOCKS without the package that speaks it is refused at once, by its name', async () => {
  const { ended } = await fetched(SOURCES[0] as Source, 'http', async (routes) => {
    const proxy = open(await socksProxy(routes));
    // Hides the package where this Python has it.
    const hidden = write(join(folder(), 'sitecustomize.py'), 'import sys\nsys.modules["socks"] = None\n');
    return { env: { ...proxied(`socks5h://127.0.0.1:${proxy.port}`, true), PYTHONPATH: join(hidden, '..') } };
  });
  expect(refused(ended)).toMatch(/the image lacks the package PySocks, which a proxy of socks5h takes/);
});

test('a server of the cluster is asked without the proxy', async () => {
  const files = Object.fromEntries(Object.entries(model()).map(([name, data]) => [`qwen/${name}`, data]));
  const served = open(await webServer(files));
  const proxy = open(await httpProxy({}));
  const root = folder();
  const hashes = Object.fromEntries(Object.entries(model()).map(([name, data]) => [name, sha256(data)]));
  const request = {
    model: { hub: 'http', endpoint: `${served.url}/qwen`, files: hashes, directory: join(root, 'there') },
  };
  const ended = await prepare({
    PREPARE_SPEC: write(join(root, 'request.json'), JSON.stringify(request)),
    HOME: root,
    ...proxied(`http://127.0.0.1:${proxy.port}`),
    NO_PROXY: '127.0.0.1',
    no_proxy: '127.0.0.1',
  });
  expect([ended.code, proxy.asked]).toEqual([0, []]);
});
