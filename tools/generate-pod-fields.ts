/**
 * Writes data/pod-fields.json: the fields of a pod template and of all that stands in it, by the interfaces of
 * kubernetes-types: `npx tsx tools/generate-pod-fields.ts`. A field that holds one of them, or a list of them, names it.
 * With --check nothing is written; the exit code says whether the file is stale.
 */
import { join } from 'node:path';
import * as ts from 'typescript';
import { finish } from './generated';

const TYPES = join(__dirname, '..', 'node_modules/kubernetes-types/core/v1.d.ts');
const ROOT_TYPE = 'PodTemplateSpec';

/**
 * Fields of claims that are newer than the types: 1.31, and what resource.k8s.io/v1 is used by.
 * Source: kubernetes/api core/v1/types.go, PodResourceClaim and ResourceClaim.
 */
const NEWER: Readonly<Record<string, readonly string[]>> = {
  PodResourceClaim: ['resourceClaimName', 'resourceClaimTemplateName'],
  ResourceClaim: ['request'],
};

/** The text of data/pod-fields.json. */
export function renderPodFields(): string {
  const program = ts.createProgram([TYPES], { strict: true });
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(TYPES);
  const module = file === undefined ? undefined : checker.getSymbolAtLocation(file);
  const root =
    module === undefined ? undefined : checker.getExportsOfModule(module).find(({ name }) => name === ROOT_TYPE);
  if (root === undefined) throw new Error(`${TYPES} has no ${ROOT_TYPE}`);
  const known = new Map<string, Record<string, string>>();
  const visit = (type: ts.Type): string => {
    const name = type.symbol?.name ?? '';
    const isInterface = (type.symbol?.flags ?? 0) & ts.SymbolFlags.Interface;
    if (checker.isArrayType(type)) return visit(checker.getTypeArguments(type as ts.TypeReference)[0] as ts.Type);
    if (!isInterface || checker.getIndexInfoOfType(type, ts.IndexKind.String) !== undefined) return '';
    if (!known.has(name)) {
      const fields: Record<string, string> = {};
      known.set(name, fields);
      for (const property of checker.getPropertiesOfType(type)) {
        fields[property.name] = visit(checker.getNonNullableType(checker.getTypeOfSymbol(property)));
      }
      for (const field of NEWER[name] ?? []) fields[field] = '';
    }
    return name;
  };
  visit(checker.getDeclaredTypeOfSymbol(root));
  const lines = [...known].map(([name, fields]) => `  ${JSON.stringify(name)}: ${JSON.stringify(fields)}`);
  return `{\n${lines.join(',\n')}\n}\n`;
}

if (require.main === module) finish('data/pod-fields.json', renderPodFields());
