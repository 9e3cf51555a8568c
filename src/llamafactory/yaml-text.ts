import { Refusal, tooDeep } from './refusal';

type Yaml = typeof import('yaml');

/** Larger texts aren't train configs; reading one would only take time. */
const LARGEST_TEXT = 1_000_000;
/** More open brackets or entries than this are not given to the YAML parser, whose stack they could exhaust. */
const DEEPEST_SCANNED = 200;

const UNPRINTABLE = /[^\t\n\r\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/**
 * Refuses a text before it is parsed: characters that YAML hasn't, a size or nesting beyond what is parsed, directives.
 *
 * @param omegaconf libyaml's rules, by OmegaConf, rather than PyYAML's own
 */
export function checkText(text: string, omegaconf: boolean, yaml: Yaml): void {
  if (text.length > LARGEST_TEXT) {
    throw new Refusal('yaml-too-large', `the file has ${text.length} characters: it can't be a train config`);
  }
  const odd = UNPRINTABLE.exec(text);
  if (odd) throw new Refusal('yaml-binary', 'a character that YAML does not allow: is this a text file?', odd.index);
  if (nestsDeeply(text)) throw tooDeep();
  if (/^\ufeff?%/m.test(text)) checkDirectives(text, omegaconf, yaml);
}

/** Directives stand before the document, each once; libyaml, which OmegaConf uses, knows no others than YAML's own. */
function checkDirectives(text: string, omegaconf: boolean, yaml: Yaml): void {
  const seen = new Set<string>();
  let offset = 0;
  let hasBegun = false;
  let isScalar = false;
  for (const lexeme of new yaml.Lexer().lex(text)) {
    if (lexeme === '\u0002') hasBegun = true;
    const isMark = lexeme.length === 1 && '\u0002\u0018\u001f'.includes(lexeme);
    if (!isScalar && lexeme.startsWith('%')) {
      if (hasBegun) throw new Refusal('yaml-directive', 'a directive can not stand here', offset);
      checkDirective(lexeme, omegaconf, seen, offset);
    }
    isScalar = lexeme === '\u001f';
    if (!isMark) offset += lexeme.length;
  }
}

function checkDirective(directive: string, omegaconf: boolean, seen: Set<string>, offset: number): void {
  const [name = '', first = ''] = directive.slice(1).split(/\s+/);
  if (name === 'YAML' && !(omegaconf ? /^1\.[12]$/ : /^1\./).test(first)) {
    throw new Refusal('yaml-version', 'the file asks for another version of YAML than 1', offset);
  }
  const isKnown = name === 'YAML' || name === 'TAG';
  if (name === '' || (omegaconf && !isKnown)) {
    throw new Refusal('yaml-directive', 'the only directives are %YAML and %TAG', offset);
  }
  const what = name === 'TAG' ? `${name} ${first}` : name;
  if (isKnown && seen.has(what)) throw new Refusal('yaml-directive', `%${what} is given twice`, offset);
  seen.add(what);
}

/**
 * To PyYAML's own scanner a tab separates nothing: it may stand in quotes, in block text and in comments alone. To
 * libyaml, which OmegaConf uses, it may also separate, but not where a line or an entry begins.
 */
export function checkTabs(text: string, omegaconf: boolean, yaml: Yaml): void {
  let offset = 0;
  let flowDepth = 0;
  let state: 'none' | 'scalar' | 'block-header' | 'block-text' = 'none';
  let begins = true;
  for (const lexeme of new yaml.Lexer().lex(text)) {
    if (lexeme === '\u001f') {
      state = state === 'block-header' ? 'block-text' : 'scalar';
      continue;
    }
    if (lexeme.length === 1 && '\u0002\u0018'.includes(lexeme)) continue;
    const quoted = state === 'none' && /^["']/.test(lexeme);
    const comment = state === 'none' && lexeme.startsWith('#');
    const tab = lexeme.indexOf('\t');
    const separates = omegaconf && (flowDepth > 0 || !begins || lexeme.slice(0, tab).trim() !== '');
    if (tab >= 0 && !quoted && !comment && state !== 'block-text' && !separates) {
      throw new Refusal('yaml-tab', 'a tab can not stand here in YAML: use blanks', offset + tab);
    }
    if (state === 'none' && /^[[{]/.test(lexeme)) flowDepth++;
    if (state === 'none' && /^[\]}]/.test(lexeme)) flowDepth--;
    if (!/^[ \t]+$/.test(lexeme)) begins = lexeme.endsWith('\n') || /^[-?]$/.test(lexeme);
    const heads = state === 'none' && /^[|>]/.test(lexeme);
    if (heads || (state === 'block-header' && !lexeme.includes('\u001f'))) state = 'block-header';
    else state = 'none';
    offset += lexeme.length;
  }
}

/** The text with every line that continues a quoted or flow value indented. */
export function indentContinuations(text: string): string {
  let result = '';
  let at = 0;
  const start = /^[ ]*(?:- +)*(?:(?!- +- )[^\s"'[\]{}#&*!|>%@`].*?: +)?(?=["'[{])/gm;
  for (let match = start.exec(text); match; match = start.exec(text)) {
    const from = match.index + match[0].length;
    const to = endOfValue(text, from);
    const lines = /\n(?!(?:---|\.\.\.)(?:\s|$))/g; // a document's mark begins a line even in quotes
    result += text.slice(at, from) + text.slice(from, to).replace(lines, `\n${' '.repeat(80)}`);
    at = to;
    start.lastIndex = Math.max(to, match.index + 1);
  }
  return result + text.slice(at);
}

/** Where a quoted or flow value ends; the end of the text if it doesn't. */
function endOfValue(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const character = text[at] ?? '';
    const opensValue = at === from || /[\s,[{:]/.test(text[at - 1] ?? '');
    if ((character === '"' || character === "'") && opensValue) at = endOfQuotes(text, at);
    else if ('[{'.includes(character)) depth++;
    else if (']}'.includes(character)) depth--;
    if (depth <= 0) return at + 1;
  }
  return text.length;
}

function endOfQuotes(text: string, from: number): number {
  const quote = text[from];
  for (let at = from + 1; at < text.length; at++) {
    if (quote === '"' && text[at] === '\\') at++;
    else if (text[at] === quote && quote === "'" && text[at + 1] === "'") at++;
    else if (text[at] === quote) return at;
  }
  return text.length;
}

/** A rough look for nesting that would exhaust the stack while parsing: open brackets, entries in entries, indentation. */
function nestsDeeply(text: string): boolean {
  let brackets = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    if (bracket === '[' || bracket === '{') brackets++;
    else brackets = Math.max(0, brackets - 1);
    if (brackets > DEEPEST_SCANNED) return true;
  }
  const lines = text.split('\n');
  // A level takes a column at least, so nothing deep fits into short lines.
  if (lines.every((line) => line.length < DEEPEST_SCANNED)) return false;
  const indents: number[] = [];
  for (const line of lines) {
    const indent = line.length - line.trimStart().length;
    while (indents.length > 0 && (indents.at(-1) ?? 0) >= indent) indents.pop();
    indents.push(indent);
    const marks = /^\s*(?:[-?:] +)+/.exec(line)?.[0].replaceAll(' ', '').length ?? 0;
    if (indents.length + marks > DEEPEST_SCANNED) return true;
  }
  return false;
}
