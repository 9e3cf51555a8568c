import { type Finding, Severity } from '../run/finding';

/** A kind of secret, and what it looks like. */
interface Shape {
  readonly name: string;
  readonly pattern: RegExp;
}

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
  { name: 'a password in a URL', pattern: /:\/\/[^\s/?#@:"'`<>]*:[^\s/?#@"'`<>$]+@/ },
  {
    name: 'a secret, by the name of the variable',
    pattern: /^(?:[A-Z0-9]+_)*(?:TOKEN|KEY|KEY_ID|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?)=[^\s$]/i,
  },
];

/** What any of them begins with: most texts have none of it, and are read once. */
const ANY =
  /hf_|\bms-[0-9a-f]{8}-|\bsk-|\bgh[pousr]_|github_pat_|glpat-|AKIA|ASIA|LTAI|WANDB_API_KEY|SWANLAB_API_KEY|PRIVATE KEY-----|:\/\/[^\s/?#@"'`<>]*@|^\w+=/i;

/** The kind of secret that a text holds, and on which line; undefined: none that is known. */
export function secretIn(text: string): { readonly name: string; readonly line: number } | undefined {
  if (!ANY.test(text)) return undefined;
  for (const { name, pattern } of SHAPES) {
    const found = pattern.exec(text);
    if (found !== null) return { name, line: text.slice(0, found.index).split('\n').length };
  }
  return undefined;
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

/** Texts, those beside a name with it as NAME=value: some secrets are known by what their variable is called. */
export function withNames(texts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(texts).map(([place, text]) => {
      const name = place.endsWith('.value') ? texts[place.replace(/value$/, 'name')] : undefined;
      return [place, name === undefined ? text : `${name}=${text}`];
    }),
  );
}
