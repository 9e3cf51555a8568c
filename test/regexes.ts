import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** A regular expression of the source, and where it stands. */
export interface FoundRegex {
  readonly place: string;
  readonly source: string;
  readonly flags: string;
}

/** What stands for a value that only a run knows. */
const UNKNOWN = 'x';

/** Every regular expression of a folder's TypeScript: the literals, and those put together by `new RegExp`. */
export function regexesIn(folder: string): FoundRegex[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .flatMap((name) => regexesOf(name, readFileSync(join(folder, name), 'utf8')));
}

/** Every regular expression of one TypeScript text. */
export function regexesOf(name: string, text: string): FoundRegex[] {
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const values = new Map<string, ts.Expression>();
  const found: FoundRegex[] = [];
  const add = (node: ts.Node, source: string, flags: string) => {
    const { line } = file.getLineAndCharacterOfPosition(node.getStart());
    found.push({ place: `${name}:${line + 1}`, source, flags });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && node.initializer !== undefined) {
      values.set(node.name.getText(), node.initializer);
    }
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf('/');
      add(node, node.text.slice(1, end), node.text.slice(end + 1));
    }
    const isCall = ts.isNewExpression(node) || ts.isCallExpression(node);
    if (isCall && node.expression.getText() === 'RegExp') {
      const [source, flags] = node.arguments ?? [];
      add(node, textOf(source, values), flags === undefined ? '' : textOf(flags, values));
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** The text that an expression of literals and constants amounts to. */
function textOf(node: ts.Expression | undefined, values: ReadonlyMap<string, ts.Expression>): string {
  if (node === undefined) return '';
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isIdentifier(node)) {
    const value = values.get(node.text);
    return value !== undefined && isText(value) ? textOf(value, values) : UNKNOWN;
  }
  if (ts.isTaggedTemplateExpression(node)) return templateText(node.template, values, true);
  return ts.isTemplateExpression(node) ? templateText(node, values, false) : UNKNOWN;
}

function isText(node: ts.Expression): boolean {
  return ts.isStringLiteralLike(node) || ts.isTemplateExpression(node) || ts.isTaggedTemplateExpression(node);
}

function templateText(node: ts.TemplateLiteral, values: ReadonlyMap<string, ts.Expression>, raw: boolean): string {
  const part = (text: ts.TemplateLiteralLikeNode) => (raw ? (text.rawText ?? text.text) : text.text);
  if (ts.isNoSubstitutionTemplateLiteral(node)) return part(node);
  return (
    part(node.head) + node.templateSpans.map((span) => textOf(span.expression, values) + part(span.literal)).join('')
  );
}
