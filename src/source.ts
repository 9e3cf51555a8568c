import type { SecretValue } from 'cdk8s-plus-28';
import type { HttpOrigin, HubOrigin, Origin } from './job/request';
import { shownUrl } from './judge/secrets';
import { dataFilesAt } from './llamafactory/data-files';
import type { Model } from './model';
import type { Problem } from './run/finding';
import { checkedProps } from './run/props';
import type { Mapping } from './run/run';

/** Which snapshot of which repository of a hub. */
export interface HubOptions {
  /**
   * The repository, for example `Qwen/Qwen3-14B`. For data it is a repository of data sets.
   * @default - the repository of the run's model; a data set must name one
   */
  readonly repository?: string;
  /**
   * A branch, tag or commit. A branch may move: give a commit where runs must repeat.
   * @default - `master` on ModelScope, `main` on Hugging Face
   */
  readonly revision?: string;
  /**
   * The hub's address, for a mirror: `https://hf-mirror.com`.
   * @default - the hub library's own
   */
  readonly endpoint?: string;
  /**
   * The key of a Secret that holds an access token. Only the prepare Job gets it, never the GPU pod.
   * @default - no token: what is public only
   */
  readonly token?: SecretValue;
}

/** Which files of a web server. */
export interface HttpOptions {
  /** The folder that the files are in: `https://files.example.com/qwen3`. The server must let anyone read it. */
  readonly endpoint: string;
  /** The files, each with the SHA-256 of its bytes in hexadecimal digits, as `sha256sum` prints it. */
  readonly files: { readonly [name: string]: string };
}

/**
 * Where a model's weights or a data set's files come from: a hub, or any web server. A CPU Job copies them into a volume
 * once, and compares every file with the size and hash that the source names.
 */
export class Source {
  /** ModelScope, the hub most used in China. */
  public static modelScope(options: HubOptions = {}): Source {
    return Source.hub('modelscope', options, 'master');
  }

  /** Hugging Face, or a mirror of it by `endpoint`. */
  public static huggingFace(options: HubOptions = {}): Source {
    return Source.hub('huggingface', options, 'main');
  }

  /** Files of a web server, checked by their SHA-256. */
  public static http(given: HttpOptions): Source {
    const { sound, problems } = checkedProps('HttpOptions', given, 'source.');
    const { endpoint = '', files = {} } = sound;
    const hashes = Object.entries(files).map(([name, sha256]) => [name, sha256.toLowerCase()] as const);
    return new Source({ endpoint, hub: 'http', files: Object.fromEntries(hashes) }, problems);
  }

  private static hub(hub: HubOrigin['hub'], given: HubOptions, branch: string): Source {
    const { sound, problems } = checkedProps('HubOptions', given, 'source.');
    const { repository, endpoint, revision = branch, token } = sound;
    const secret = keyOfSecret(token);
    const unknown = token === undefined || secret !== undefined ? [] : [NO_SECRET];
    return new Source({ hub, repository, revision, endpoint, token: secret }, [...problems, ...unknown]);
  }

  private constructor(
    /** @internal */
    public readonly _origin: Origin,
    private readonly unsound: readonly Problem[],
  ) {}

  /**
   * What is fetched of a model: all that its bytes depend on, as prepare.py reads it. The address is no part of it.
   * @internal
   */
  public _model(model: Model): Mapping {
    const { _origin: origin } = this;
    return isHttp(origin)
      ? { hub: origin.hub, files: origin.files }
      : {
          hub: origin.hub,
          repository: origin.repository ?? model._repositoryOn(origin.hub),
          revision: origin.revision,
        };
  }

  /**
   * What is fetched of an adapter.
   * @internal
   */
  public _adapter(): Mapping {
    const { _origin: origin } = this;
    return isHttp(origin)
      ? { hub: origin.hub, files: origin.files }
      : { hub: origin.hub, repository: origin.repository ?? '', revision: origin.revision };
  }

  /**
   * What is fetched of a data set: a file, or the data files of a folder.
   * @internal
   */
  public _data(path: string): Mapping {
    const { _origin: origin } = this;
    if (!isHttp(origin)) {
      return { hub: origin.hub, repository: origin.repository ?? '', revision: origin.revision, path };
    }
    const names = dataFilesAt(Object.keys(origin.files), path);
    return { hub: origin.hub, files: Object.fromEntries(names.map((name) => [name, origin.files[name] ?? ''])) };
  }

  /** @internal */
  public get _problems(): Problem[] {
    const { _origin: origin } = this;
    if (this.unsound.length > 0) return [...this.unsound];
    return [
      ...endpointProblems(origin.endpoint),
      ...(isHttp(origin) ? fileProblems(origin.files) : repositoryProblems(origin)),
    ];
  }
}

/** The name of a Secret and a key in it; undefined: there is none. */
function keyOfSecret(token: SecretValue | undefined): HubOrigin['token'] {
  const { secret, key }: Partial<SecretValue> = token ?? {};
  const secretName: unknown = secret?.name;
  return typeof secretName === 'string' && typeof key === 'string' ? { secretName, key } : undefined;
}

const NO_SECRET: Problem = {
  id: 'invalid-prop',
  key: 'source.token',
  message: 'a token is named by a Secret and a key of it',
  allowed: "{ secret: Secret.fromSecretName(chart, 'hub', 'hub-token'), key: 'token' }",
};

function isHttp(origin: Origin): origin is HttpOrigin {
  return origin.hub === 'http';
}

function invalid(key: string, message: string, got: string, allowed: string): Problem {
  return { id: 'invalid-source', key: `source.${key}`, message, got, allowed };
}

function endpointProblems(endpoint: string | undefined): Problem[] {
  if (endpoint === undefined) return [];
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url !== undefined && url.username + url.password !== '') {
    const got = shownUrl(endpoint);
    return [invalid('endpoint', 'a name or password would stand in the manifest', got, 'an address without them')];
  }
  const usable = url !== undefined && ['http:', 'https:'].includes(url.protocol) && url.search + url.hash === '';
  return usable
    ? []
    : [
        invalid(
          'endpoint',
          'files are fetched by HTTP, and their names are put behind the address',
          shownUrl(endpoint),
          'an address that begins with https:// or http:// and has no ? and no #',
        ),
      ];
}

/** Repository and revision are parts of the directory that the model goes to. */
function repositoryProblems({ repository = 'owner/name', revision }: HubOrigin): Problem[] {
  const isRepository = /^[\w.-]+(\/[\w.-]+)?$/.test(repository) && !/(^|\/)\./.test(repository);
  const isRevision = /^[^\s/.-][^\s]*$/.test(revision) && !revision.includes('..');
  return [
    ...(isRepository
      ? []
      : [invalid('repository', 'hubs have no such repository', repository, 'an owner and a name: Qwen/Qwen3-14B')]),
    ...(isRevision ? [] : [invalid('revision', 'Git has no such name', revision, 'a branch, a tag or a commit')]),
  ];
}

function fileProblems(files: Readonly<Record<string, string>>): Problem[] {
  const entries = Object.entries(files);
  if (entries.length === 0) {
    return [invalid('files', 'nothing would be fetched', '{}', "for example { 'math.jsonl': '<its SHA-256>' }")];
  }
  return entries.flatMap(([name, sha256]) => [
    // A leading dot is `..`, `.`, or what the prepare Job and the hubs' libraries keep for themselves.
    ...(name.split('/').every((part) => part !== '' && !part.startsWith('.')) && !name.includes('\\')
      ? []
      : [
          invalid(
            'files',
            'a file is named from the endpoint, and goes to a directory under the same name',
            name,
            'a name like math/train.jsonl: no / at either end, no part that is empty or begins with a dot',
          ),
        ]),
    ...(/^[0-9a-f]{64}$/.test(sha256)
      ? []
      : [invalid(`files.${name}`, 'this is no SHA-256', sha256, '64 hexadecimal digits, as sha256sum prints them')]),
  ]);
}
