import { posix } from 'node:path';
import type { Node, Pair, Scalar } from 'yaml';
import { type Finding, Severity } from '../run/finding';
import { type Release, since } from '../run/releases';
import type { Mapping } from '../run/run';
import { isInterpolation } from './interpolation';
import { noteOtherKeys, PyBytes, PyFloat } from './parser/python';
import { type Position, positionOf } from './position';
import { Refusal, tooDeep } from './refusal';
import { type ScalarRules, scalarRules } from './scalars';
import { checkTabs, checkText, indentContinuations } from './yaml-text';

/** A YAML text as one release of LLaMA-Factory reads it. */
export interface LoadedConfig {
  /** True if the release's loader takes the text and finds a mapping in it. */
  readonly loads: boolean;
  /** What the text holds: the parser takes a mapping only. A number or bool is a `value`. */
  readonly root: 'mapping' | 'list' | 'text' | 'value' | 'empty' | 'nothing';
  /** The keys and values; of a key given twice, the last. As much as could be read, if the loader refuses the text. */
  readonly args: Mapping;
  /** The keys whose value is a whole number written as a float: `2.0`. */
  readonly floats: ReadonlySet<string>;
  /** Why the loader refuses the text. */
  readonly findings: readonly Finding[];
  /** Where a key stands; undefined if the text has no such key. */
  position(key: string): Position | undefined;
}

/** OmegaConf's limits on what aliases expand to. */
const MOST_NODES = 10_000;
const MOST_EXPANSION = 100;
const EXPANSION_COUNTS_FROM = 1_000;
/** PyYAML 6 has no limit; a text that expands further would exhaust memory. */
const MOST_NODES_WITHOUT_LIMIT = 200_000;

/** Deeper texts exceed Python's recursion limit in OmegaConf; where exactly hangs on the kind of nesting. */
const DEEPEST = 75;

const PYYAML = 'PyYAML, yaml.safe_load';
const OMEGACONF = 'OmegaConf, omegaconf/_yaml.py';

/** What PyYAML takes for the end of a line, beside a line feed. */
const LINE_BREAKS = /[\r\u0085\u2028\u2029]/;

/**
 * Reads a YAML text as the release does: 0.9.4 and later through OmegaConf, which refuses keys given twice and knows
 * `1e-4` for a number; 0.9.3 through PyYAML, where the last of two keys wins and `1e-4` is a string.
 *
 * @param path where findings point: the file
 */
export function loadYaml(text: string, release: Release, path: string): LoadedConfig {
  const lines = LINE_BREAKS.test(text) ? text.replace(/\r\n|[\r\u0085\u2028\u2029]/g, '\n') : text;
  // Where files were put together: to libyaml a byte order mark before a line is a blank.
  const omegaConf = since(release, '0.9.4');
  const unified = omegaConf ? lines.replaceAll('\n\ufeff', '\n ') : lines;
  const reader = new Reader(unified, omegaConf);
  let args: Record<string, unknown> = {};
  let root: LoadedConfig['root'] = 'nothing';
  try {
    const first = reader.read();
    const value = typeof first === 'string' && omegaConf ? textAgain(first, reader) : first;
    root = rootOf(value, reader.empty);
    if (root === 'mapping') args = value as Record<string, unknown>;
    else reader.refusals.push(notMapping(root));
  } catch (error) {
    if (error instanceof Refusal) reader.refusals.push(error);
    else if (error instanceof RangeError) reader.refusals.push(tooDeep());
    else throw error;
  }
  const floats = unwrapFloats(args);
  return {
    loads: reader.refusals.length === 0,
    root,
    args,
    floats,
    findings: reader.refusals.map((refusal) => toFinding(refusal, unified, path, omegaConf ? OMEGACONF : PYYAML)),
    position(key) {
      const offset = reader.offsetOf(key);
      return offset === undefined ? undefined : positionOf(unified, offset);
    },
  };
}

/** A file that is one long text is read a second time by OmegaConf; the rare mapping in quotes comes out then. */
function textAgain(text: string, { refusals }: Reader): unknown {
  const reader = new Reader(text, true);
  const value = reader.read();
  refusals.push(...reader.refusals);
  return rootOf(value, false) === 'text' ? text : value;
}

function rootOf(value: unknown, empty: boolean): LoadedConfig['root'] {
  if (empty) return 'empty';
  if (Array.isArray(value)) return 'list';
  const isMapping =
    typeof value === 'object' && value !== null && !(value instanceof PyFloat || value instanceof PyBytes);
  if (isMapping) return 'mapping';
  return typeof value === 'string' ? 'text' : 'value';
}

function notMapping(root: LoadedConfig['root']): Refusal {
  if (root === 'empty')
    return new Refusal('yaml-empty', 'the file is empty: a train config is a mapping of keys to values');
  const what = root === 'list' ? 'a list' : 'a single value';
  return new Refusal('yaml-not-mapping', `the file holds ${what}, and a train config is a mapping of keys to values`);
}

/** Puts plain numbers in the place of whole floats, and names their keys. */
function unwrapFloats(args: Record<string, unknown>): Set<string> {
  const floats = new Set<string>();
  for (const key of Object.keys(args)) {
    const value = args[key];
    if (!(value instanceof PyFloat)) continue;
    floats.add(key);
    args[key] = value.value;
  }
  return floats;
}

function toFinding(refusal: Refusal, text: string, path: string, source: string): Finding {
  return {
    id: refusal.id,
    severity: Severity.ERROR,
    path,
    key: refusal.key,
    message: refusal.text,
    place: { file: posix.basename(path), ...positionOf(text, refusal.offset) },
    source,
  };
}

let library: typeof import('yaml') | undefined;
let schema: import('yaml').Schema | undefined;

/** Loaded when a text is first read; to ask Node for it each time would take as long as a small text. */
function yamlLibrary(): typeof import('yaml') {
  library ??= require('yaml') as typeof import('yaml');
  return library;
}

/** YAML without types; made once, since the library makes one for each text otherwise. */
function failsafe(yaml: typeof import('yaml')): import('yaml').Schema {
  schema ??= new yaml.Schema({ schema: 'failsafe', resolveKnownTags: false });
  return schema;
}

/** One reading of one text. */
class Reader {
  readonly refusals: Refusal[] = [];
  empty = false;
  /** Where the root's keys first stand: those that are text, and the others. */
  private texts: ReadonlyMap<string, number> = new Map();
  private others: ReadonlyMap<string, number> = new Map();
  private readonly yaml = yamlLibrary();
  private readonly scalars: ScalarRules;
  private readonly anchors = new Map<string, { node: Node; value?: unknown; done: boolean; size: number }>();
  private readonly mostNodes: number;
  private unique = 0;
  /** How many nodes have been read, those that aliases stand for counted again. */
  private size = 0;
  private depth = 0;
  /** The text as it is given to the YAML parser, to which the nodes' ranges belong. */
  private parsed = '';

  constructor(
    private readonly text: string,
    private readonly omegaconf: boolean,
  ) {
    this.scalars = scalarRules(omegaconf);
    this.mostNodes = omegaconf ? MOST_NODES : MOST_NODES_WITHOUT_LIMIT;
  }

  read(): unknown {
    checkText(this.text, this.omegaconf, this.yaml);
    const document = this.parse();
    const root = document.contents;
    if (root === null) {
      this.empty = true;
      return null;
    }
    if (this.text.includes('\t')) checkTabs(this.text, this.omegaconf, this.yaml);
    const value = this.construct(root, true);
    const { size } = this;
    if (this.omegaconf && size > EXPANSION_COUNTS_FROM && size > this.unique * MOST_EXPANSION) throw tooLarge();
    if (value === null) this.empty = true;
    return value;
  }

  /** Where a key of the root first stands. */
  offsetOf(key: string): number | undefined {
    const [text, other] = [this.texts.get(key), this.others.get(key)];
    return text !== undefined && other !== undefined ? Math.min(text, other) : (text ?? other);
  }

  /** Parses the text; once more with continued lines indented, which PyYAML doesn't ask for, if that is what fails. */
  private parse(): import('yaml').Document.Parsed {
    let fault: { message: string; offset: number } | undefined;
    for (const form of [() => this.text, () => indentContinuations(this.text)]) {
      this.parsed = form();
      const document = this.yaml.parseDocument(this.parsed, {
        schema: failsafe(this.yaml),
        uniqueKeys: false,
        prettyErrors: false,
        logLevel: 'error',
        resolveKnownTags: false,
      });
      const error = document.errors.find(({ code, message }) => !isHarmless(code, message));
      if (!error) return document;
      fault ??= { message: error.message, offset: error.pos[0] };
    }
    throw new Refusal('yaml-syntax', sentence(fault?.message ?? ''), fault?.offset);
  }

  /** A node's value; the nodes it expands to are added to the size. */
  private construct(node: Node | null, isRoot = false, isKey = false): unknown {
    if (node === null) {
      this.size++;
      return null;
    }
    if (this.yaml.isAlias(node)) return this.follow(node.source, startOf(node));
    const before = this.size++;
    this.unique++;
    const { anchor } = node;
    if (anchor !== undefined) {
      if (this.anchors.has(anchor))
        throw new Refusal('yaml-anchor', `the anchor &${anchor} is defined twice`, startOf(node));
      this.anchors.set(anchor, { node, done: false, size: 0 });
    }
    if (++this.depth > DEEPEST) throw tooDeep();
    const value = this.constructNode(node, isRoot, isKey);
    this.depth--;
    const size = this.size - before;
    if (size > this.mostNodes) throw tooLarge();
    if (anchor !== undefined) this.anchors.set(anchor, { node, value, size, done: true });
    return value;
  }

  private follow(name: string, offset: number): unknown {
    const target = this.anchors.get(name);
    if (!target) throw new Refusal('yaml-anchor', `*${name} refers to an anchor that is not defined`, offset);
    if (!target.done) throw new Refusal('yaml-cycle', `*${name} stands inside what it refers to`, offset);
    this.size += target.size;
    return target.value;
  }

  private constructNode(node: Node, isRoot: boolean, isKey: boolean): unknown {
    if (this.yaml.isScalar(node)) return this.scalar(node, isKey);
    if (this.yaml.isMap(node))
      return this.mapping(node.items as Pair<Node | null, Node | null>[], tagOf(node), node, isRoot);
    if (this.yaml.isSeq(node)) return this.sequence(node.items as Node[], tagOf(node), node);
    throw new Refusal('yaml-syntax', 'this can not be read', startOf(node));
  }

  private sequence(nodes: readonly Node[], tag: string | undefined, node: Node): unknown[] {
    if (tag !== undefined && !['seq', 'omap', 'pairs'].includes(tag)) throw badTag(tag, node);
    const most = this.size - 1 + this.mostNodes;
    return nodes.map((item) => {
      if (isFlow(node)) this.checkPlain(item, false);
      const value = this.construct(item);
      if (this.size > most) throw tooLarge();
      return value;
    });
  }

  private mapping(
    pairs: readonly Pair<Node | null, Node | null>[],
    tag: string | undefined,
    node: Node,
    isRoot: boolean,
  ): Mapping {
    if (tag !== undefined && tag !== 'map') throw badTag(tag, node);
    const own: Record<string, unknown> = {};
    let merged: Record<string, unknown> | undefined;
    const texts = new Map<string, number>();
    const others = new Map<string, number>();
    if (isRoot) [this.texts, this.others] = [texts, others];
    const most = this.size - 1 + this.mostNodes;
    for (const { key: keyNode, value: valueNode } of pairs) {
      if (isFlow(node)) {
        this.checkPlain(keyNode, false);
        this.checkPlain(valueNode, true);
      }
      const isMerge =
        this.yaml.isScalar(keyNode) && keyNode.type === 'PLAIN' && keyNode.value === '<<' && !tagOf(keyNode);
      if (isMerge) this.size++;
      const key = isMerge ? '<<' : this.construct(keyNode, false, true);
      const value = this.construct(valueNode);
      if (this.size > most) throw tooLarge();
      if (isMerge) {
        merged ??= Object.create(null) as Record<string, unknown>;
        this.merge(merged, value, keyNode);
        continue;
      }
      const name = this.keyName(key, keyNode ?? node);
      const offset = startOf(keyNode ?? node);
      const isText = typeof key === 'string';
      // OmegaConf refuses 1 and "1" as keys of one mapping.
      if ((isText ? others : texts).has(name) && /^-?\d+$/.test(name)) {
        throw new Refusal('yaml-duplicate-key', `the key ${name} is given as a number and as a string`, offset, name);
      }
      if (this.omegaconf && isText && texts.has(name)) {
        const first = isRoot ? this.offsetOf(name) : undefined;
        const where = first === undefined ? '' : ` (first in line ${positionOf(this.text, first).line})`;
        this.refusals.push(new Refusal('yaml-duplicate-key', `\`${name}\` is given twice${where}`, offset, name));
      }
      const same = isText ? texts : others;
      if (!same.has(name)) same.set(name, offset);
      if (name === '__proto__')
        Object.defineProperty(own, name, { value, enumerable: true, configurable: true, writable: true });
      else own[name] = value;
    }
    const mapping = { ...merged, ...own };
    if (others.size > 0) noteOtherKeys(mapping);
    return mapping;
  }

  /** A merged mapping yields to the mapping's own keys; of several, the first wins with OmegaConf, the last with PyYAML. */
  private merge(into: Record<string, unknown>, value: unknown, node: Node | null): void {
    const several = Array.isArray(value) ? (value as unknown[]) : [value];
    for (const mapping of this.omegaconf ? [...several].reverse() : several) {
      if (rootOf(mapping, false) !== 'mapping') {
        throw new Refusal('yaml-merge', 'only mappings can be merged with <<', node ? startOf(node) : 0);
      }
      Object.assign(into, mapping);
    }
  }

  private sourceOf({ range }: Scalar): string {
    return this.parsed.slice(range?.[0], range?.[1]);
  }

  /**
   * Between brackets a question mark begins a key, with no blank after it: where none can be, nor two, it can't stand.
   * To PyYAML's own scanner one inside a text does so, too. libyaml wants a blank between a key's colon and a bracket.
   */
  private checkPlain(node: Node | null, isValue: boolean): void {
    if (!this.yaml.isScalar(node) || node.type !== 'PLAIN') return;
    const text = this.sourceOf(node);
    if (text.startsWith(':')) {
      throw new Refusal('yaml-syntax', 'a text between brackets can not start with a colon', startOf(node));
    }
    const end = node.range?.[1] ?? 0;
    if (this.omegaconf && /^:[,?[\]{}]/.test(this.parsed.slice(end, end + 2))) {
      throw new Refusal('yaml-syntax', 'between brackets a colon after a plain text needs a blank behind it', end);
    }
    const after = isValue ? text : text.replace(/^\?/, '');
    if (this.omegaconf ? !after.startsWith('?') : !after.includes('?')) return;
    throw new Refusal('yaml-syntax', 'a text with ? between brackets must be put in quotes', startOf(node));
  }

  private keyName(value: unknown, node: Node): string {
    if (value instanceof PyFloat) return value.value.toFixed(1);
    if (value instanceof PyBytes) return Buffer.from(value.base64, 'base64').toString('latin1');
    if (typeof value === 'object' && value !== null) {
      throw new Refusal('yaml-key', 'a key must be a single value', startOf(node));
    }
    if (value === null) throw new Refusal('yaml-key', 'a key is empty', startOf(node));
    return String(value);
  }

  private scalar(node: Scalar, isKey: boolean): unknown {
    const text = String(node.value ?? '');
    const tag = tagOf(node);
    const plain = node.type === 'PLAIN' || node.type === undefined || node.type === null;
    if (plain && tag === undefined && /^[%@`]/.test(text)) {
      throw new Refusal('yaml-syntax', `a value can not start with ${text[0]}: put it in quotes`, startOf(node));
    }
    if (this.omegaconf && node.type === 'QUOTE_DOUBLE' && SURROGATE.test(this.sourceOf(node))) {
      const hint = 'write the character itself, or \\U and eight digits';
      throw new Refusal('yaml-syntax', `\\ud800 to \\udfff are halves of characters: ${hint}`, startOf(node));
    }
    if (plain && tag === undefined && !isKey && (text === '=' || text === '<<')) throw badTag(text, node);
    const value = tag === undefined ? (plain ? this.scalars.resolve(text) : text) : this.scalars.tagged(tag, text);
    if (value === undefined) throw badTag(tag ?? 'timestamp', node, text);
    if (!isKey && typeof value === 'string' && value.includes('${') && !isInterpolation(value)) {
      throw new Refusal(
        'yaml-interpolation',
        'OmegaConf takes ${ for the start of an interpolation, and this is none',
        startOf(node),
      );
    }
    return value;
  }
}

/** What the yaml library refuses, following YAML 1.2, and PyYAML takes. */
function isHarmless(code: string, message: string): boolean {
  return code === 'TAG_RESOLVE_FAILED' || message.startsWith('Comments must be separated');
}

/** Half a character of those beyond 16 bits, escaped. */
const SURROGATE = /(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]/;

/** Written with brackets. */
function isFlow(node: Node): boolean {
  return 'flow' in node && node.flow === true;
}

/** A node's tag without the prefix of YAML's own tags; undefined if it has none. */
function tagOf(node: Node): string | undefined {
  return node.tag?.replace(/^tag:yaml\.org,2002:/, '');
}

function badTag(tag: string, node: Node, text?: string): Refusal {
  const what = text === undefined ? '' : ` for \`${text}\``;
  const hint = tag === 'timestamp' ? ': a date is no value LLaMA-Factory takes, put it in quotes' : '';
  return new Refusal('yaml-tag', `the tag ${tag} can not be read${what}${hint}`, startOf(node));
}

function tooLarge(): Refusal {
  return new Refusal('yaml-too-large', 'its aliases expand to more nodes than the loader takes');
}

function startOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

function sentence(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
