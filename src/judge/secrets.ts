import { type Finding, Severity } from '../run/finding';
import type { Mapping } from '../run/run';

/** A kind of secret, and what it looks like. */
interface Shape {
  readonly name: string;
  readonly pattern: RegExp;
}

/** What stands in the place of a secret. */
const HIDDEN = '…';

/** Shorter values stand in any sentence by chance. */
const SHORTEST = 4;

/**
 * Tokens by their shape, as their issuers write them. Where a shape is too plain to be told from other text, the name
 * that stands before it is a part of the pattern.
 * Sources: the token formats that GitHub's secret scanning and gitleaks know; wandb: 40 hexadecimal digits.
 */
const SHAPES: readonly Shape[] = [
  { name: 'a Hugging Face token', pattern: /\bhf_[A-Za-z0-9]{30,}\b/ },
  { name: 'a ModelScope token', pattern: /\bms-[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/ },
  { name: 'an API key (sk-…)', pattern: /\bsk-(?:[A-Za-z0-9]{32}|(?:proj|svcacct|ant-[a-z]+\d*)-[\w-]{20})/ },
  { name: 'a GitHub token', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{60,})\b/ },
  { name: 'a GitLab token', pattern: /\bglpat-[\w-]{20}/ },
  { name: 'an AWS access key', pattern: /\b(?:AKIA|ASIA)(?![0-9A-Z]*EXAMPLE)[0-9A-Z]{16}\b/ },
  { name: 'an Alibaba Cloud access key', pattern: /\bLTAI[A-Za-z0-9]{16,24}\b/ },
  { name: 'a Weights & Biases key', pattern: /WANDB_API_KEY\W{1,6}[0-9a-f]{40}\b/i },
  { name: 'a SwanLab key', pattern: /SWANLAB_API_KEY\W{1,6}[A-Za-z0-9]{21}\b/i },
  { name: 'a private key', pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----/ },
  { name: 'a password in a URL', pattern: /(?<=:\/\/)[^\s/?#@:"'`<>]*:[^\s/?#@"'`<>$]+(?=@)/ },
  { name: 'a token in a URL', pattern: /(?<=:\/\/)[^\s/?#@:"'`<>$]{20,}(?=@)/ },
  {
    name: 'a token in a URL',
    pattern:
      /(?<=[?&](?:access_token|token|api_?key|secret|password|sig|signature|x-amz-signature)=)[^\s&"'`<>$]{16,}/i,
  },
];

/**
 * A text of the form NAME=value whose name says that the value is secret; options of a command line are named so, too.
 * Credentials that are a path are a file's.
 */
const BY_NAME: Shape = {
  name: 'a secret, by its name',
  pattern:
    /^-{0,2}(?:[A-Z0-9]+[-_])*(?:[A-Z0-9]*(?:TOKEN|PASSWORD|APIKEY)|KEY|KEY_ID|SECRET|PASSWD|PASSPHRASE|CREDENTIALS?(?!=\/)|WEBHOOK(?:_URL)?|(?<=_)PWD)=[^\s$]/i,
};

/** What any of them begins with: most texts have none of it, and are read once. */
const ANY =
  /hf_|\bms-[0-9a-f]{8}-|\bsk-|\bgh[pousr]_|github_pat_|glpat-|AKIA|ASIA|LTAI|WANDB_API_KEY|SWANLAB_API_KEY|PRIVATE KEY-----|:\/\/[^\s/?#@"'`<>]*@|[?&][\w-]+=|^[\w-]+=/i;

/** The kind of secret that a text holds, and on which line; undefined: none that is known. */
export function secretIn(text: string): { readonly name: string; readonly line: number } | undefined {
  if (!ANY.test(text)) return undefined;
  for (const { name, pattern } of [...SHAPES, BY_NAME]) {
    const found = pattern.exec(text);
    if (found !== null) return { name, line: text.slice(0, found.index).split('\n').length };
  }
  return undefined;
}

/** The kind of secret that something of a name is; undefined: none that is known. Numbers are secrets by name alone. */
export function secretOf(name: string, value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  return secretIn(`${name}=${value}`)?.name;
}

/**
 * The secrets among a run's arguments, by where they stand: in keys inside of arguments too.
 * Their names are what LLaMA-Factory's fields of the kind end in: `hf_hub_token`, `swanlab_api_key`, …
 */
export function secretArguments(args: Mapping): Map<string, { readonly kind: string; readonly value: string }> {
  const secrets = new Map<string, { kind: string; value: string }>();
  for (const key of Object.keys(args)) {
    const value = args[key];
    const texts = typeof value === 'object' ? textsOf(value, key) : { [key]: value };
    for (const place of Object.keys(texts)) {
      const kind = secretOf(lastName(place), texts[place]);
      if (kind !== undefined) secrets.set(place, { kind, value: String(texts[place]) });
    }
  }
  return secrets;
}

/** `a.b[0]` is called `b`. */
function lastName(place: string): string {
  return place.slice(place.lastIndexOf('.') + 1).split('[')[0] ?? place;
}

/** A text without the secrets in it: those that are known by their shape, and values that are known to be secret. */
export function masked(text: string, values: readonly string[] = []): string {
  let shown = text;
  for (const value of values) {
    if (value.length < SHORTEST) continue;
    for (const form of new Set([value, JSON.stringify(value).slice(1, -1)])) shown = withoutWord(shown, form);
  }
  if (!ANY.test(shown)) return shown;
  for (const { pattern } of SHAPES) shown = shown.replace(new RegExp(pattern, `g${pattern.flags}`), HIDDEN);
  return shown;
}

/** A value may be a part of a word by chance: it is taken out where it stands by itself. */
function withoutWord(text: string, word: string): string {
  if (word === '' || !text.includes(word)) return text;
  const isWord = (character: string | undefined) => character !== undefined && /\w/.test(character);
  let shown = '';
  let from = 0;
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, from)) {
    const end = at + word.length;
    const inside = (isWord(text[at - 1]) && isWord(word[0])) || (isWord(text[end]) && isWord(word.at(-1)));
    shown += text.slice(from, at) + (inside ? word : HIDDEN);
    from = end;
  }
  return shown + text.slice(from);
}

/** Lines of the form `name: value` or `name=value`, as files and their differences have them, without secrets. */
export function maskedLines(text: string): string {
  return masked(text)
    .split('\n')
    .map((line) => {
      const found = /^(\W*(\w+(?:-\w+)*)["']?[ \t]*[:=][ \t]*["']?)(?=\S)/.exec(line);
      if (found === null) return line;
      const [, before = '', name = ''] = found;
      return secretOf(name, line.slice(before.length)) === undefined ? line : `${before}${HIDDEN}`;
    })
    .join('\n');
}

/**
 * An address without what may be secret in it, for errors of addresses that can't be read: what stands before the last
 * @, and what follows a question mark.
 */
export function shownUrl(url: string): string {
  const at = url.lastIndexOf('@');
  const scheme = url.indexOf('://');
  const start = scheme >= 0 && scheme < at ? scheme + '://'.length : 0;
  const without = at < 0 ? url : `${url.slice(0, start)}${HIDDEN}${url.slice(at)}`;
  const query = without.indexOf('?');
  return query < 0 ? without : `${without.slice(0, query)}?${HIDDEN}`;
}

/** A finding without the secrets in its texts; a fix that holds one is left out: whoever has the file can make it. */
export function maskedFinding(finding: Finding, values: readonly string[] = []): Finding {
  const texts: Record<string, string> = {};
  for (const field of ['message', 'got', 'allowed', 'change'] as const) {
    const text = finding[field];
    if (text === undefined) continue;
    const shown = field === 'got' && values.includes(text) ? HIDDEN : masked(text, values);
    if (shown !== text) texts[field] = shown;
  }
  const { fix, ...others } = finding;
  const holds = fix?.some(({ value }) => typeof value === 'string' && masked(value, values) !== value) ?? false;
  if (!holds && Object.keys(texts).length === 0) return finding;
  return { ...(holds ? others : finding), ...texts };
}

/**
 * Secrets among texts that would stand in a manifest, where whoever may read ConfigMaps or the repository reads them.
 * The finding names the place and never the value.
 * @param texts by the place they come from: a prop, or a file
 */
export function secretFindings(path: string, texts: Readonly<Record<string, string>>): Finding[] {
  return Object.entries(texts).flatMap(([place, text]) => {
    const secret = secretIn(text);
    if (secret === undefined) return [];
    const line = text.includes('\n') ? `line ${secret.line} has ` : '';
    return [
      {
        id: 'secret-in-manifest',
        severity: Severity.ERROR,
        path,
        key: place,
        message: 'a secret would stand in the manifest, for everybody who may read it or the repository it is kept in',
        got: `${line}what looks like ${secret.name}`,
        change:
          'take it out, revoke it if it was ever committed, and put it into a Secret: a hub token by Source, anything else by podTemplate (env with valueFrom.secretKeyRef)',
      },
    ];
  });
}

/** Every text in a value, by where it stands: `podTemplate.spec.containers[0].env[1].value`. */
export function textsOf(value: unknown, place: string): Record<string, string> {
  if (typeof value === 'string') return { [place]: value };
  if (typeof value !== 'object' || value === null) return {};
  const parts: Array<[string, unknown]> = Array.isArray(value)
    ? value.map((item, i) => [`${place}[${i}]`, item])
    : Object.entries(value).map(([key, inner]) => [place === '' ? key : `${place}.${key}`, inner]);
  return Object.assign({}, ...parts.map(([at, inner]) => textsOf(inner, at)));
}

/**
 * Texts, those beside a name with it as NAME=value: some secrets are known by what their variable is called. The
 * reference of an image is an address without its scheme.
 */
export function withNames(texts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(texts).map(([place, text]) => {
      if (place === 'image' || place.endsWith('.image')) return [place, `docker://${text}`];
      const name = place.endsWith('.value') ? texts[place.replace(/value$/, 'name')] : undefined;
      return [place, name === undefined ? text : `${name}=${text}`];
    }),
  );
}
