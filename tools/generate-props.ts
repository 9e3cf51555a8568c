/**
 * Writes data/props.json: the props of every exported interface as data, read from the compiler's own types, so that a
 * program that nobody type-checks is told what it misspelt: `npx tsx tools/generate-props.ts`.
 * With --check nothing is written; the exit code says whether the file is stale.
 */
import { join } from 'node:path';
import * as ts from 'typescript';
import type { PropKind, PropShape } from '../src/run/props';
import { finish } from './generated';

const ROOT = join(__dirname, '..');
/** What is no props: train arguments have checks of their own, the rest is only ever given out. */
const LEFT_OUT = /^(TrainArguments|Edit|Run(?!Props).*|RunProps)$/;

/** The text of data/props.json. */
export function renderProps(): string {
  const config = ts.readConfigFile(join(ROOT, 'tsconfig.build.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, ROOT);
  const program = ts.createProgram([join(ROOT, 'src/index.ts')], options);
  const checker = program.getTypeChecker();
  const index = program.getSourceFile(join(ROOT, 'src/index.ts'));
  const module = index === undefined ? undefined : checker.getSymbolAtLocation(index);
  if (module === undefined) throw new Error('src/index.ts is no module');
  const symbols = checker
    .getExportsOfModule(module)
    .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol));
  const shapes = symbols
    .filter((symbol) => symbol.flags & ts.SymbolFlags.Interface && !LEFT_OUT.test(symbol.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((symbol) => [symbol.name, shapeOf(checker, checker.getDeclaredTypeOfSymbol(symbol))] as const);
  const lines = shapes.map(([name, shape]) => `  ${JSON.stringify(name)}: ${JSON.stringify(shape)}`);
  return `{\n${lines.join(',\n')}\n}\n`;
}

function shapeOf(checker: ts.TypeChecker, type: ts.Type): PropShape {
  return Object.fromEntries(
    checker.getPropertiesOfType(type).map((property) => {
      const of = checker.getNonNullableType(checker.getTypeOfSymbol(property));
      const required = (property.flags & ts.SymbolFlags.Optional) === 0;
      return [property.name, { ...kindOf(checker, of, property.name), ...(required ? { required } : {}) }];
    }),
  );
}

function kindOf(checker: ts.TypeChecker, type: ts.Type, name: string): PropKind {
  if (type.flags & ts.TypeFlags.Unknown) return { kind: 'any' };
  if (type.flags & ts.TypeFlags.String) return { kind: 'string' };
  if (type.flags & ts.TypeFlags.Number) return { kind: 'number' };
  if (type.flags & ts.TypeFlags.BooleanLike) return { kind: 'boolean' };
  if (checker.isArrayType(type)) {
    const [item] = checker.getTypeArguments(type as ts.TypeReference);
    if (item !== undefined) return { kind: 'list', of: kindOf(checker, item, name) };
  }
  if (type.isUnion() && type.symbol !== undefined && type.symbol.flags & ts.SymbolFlags.Enum) {
    const members = type.types.map((member) => [member.symbol.name, (member as ts.StringLiteralType).value]);
    return { kind: 'enum', name: type.symbol.name, members: Object.fromEntries(members) };
  }
  // Which texts is checked where they are used, with a finding that says which there are.
  if (type.isUnion() && type.types.every((each) => each.isStringLiteral())) return { kind: 'string' };
  const map = checker.getIndexInfoOfType(type, ts.IndexKind.String);
  if (map !== undefined) return { kind: 'map', of: kindOf(checker, map.type, name) };
  const { symbol } = type;
  if (symbol !== undefined && symbol.flags & ts.SymbolFlags.Class) return { kind: 'class', name: symbol.name };
  if (symbol !== undefined && symbol.flags & ts.SymbolFlags.Interface) {
    const own = symbol.declarations?.some((each) => each.getSourceFile().fileName.startsWith(join(ROOT, 'src')));
    // Interfaces of others, as a SecretValue: what they hold is theirs.
    if (!own) return { kind: 'object', name: symbol.name };
    return LEFT_OUT.test(symbol.name) ? { kind: 'map', of: { kind: 'any' } } : { kind: 'props', name: symbol.name };
  }
  throw new Error(`${name}: ${checker.typeToString(type)} is no kind of prop`);
}

if (require.main === module) finish('data/props.json', renderProps());
