import { checkRules } from '../../src/judge/rules';
import type { Files } from '../../src/llamafactory/files';
import { loadYaml } from '../../src/llamafactory/load';
import { parse } from '../../src/llamafactory/parser/parse';
import { CARDS } from '../../src/planning/catalog/cards';
import type { Finding } from '../../src/run/finding';
import type { Release } from '../../src/run/releases';
import type { ParityCase } from './cases';

/** The twin's verdict on a case. */
export interface TwinVerdict {
  readonly accepted: boolean;
  readonly findings: readonly Finding[];
}

/** What the rules find in a case; of its data and its DeepSpeed config nothing is known to them. */
export function silentFaults(one: ParityCase, release: Release): readonly Finding[] {
  const path = `${one.id}.yaml`;
  const { args } = loadYaml(one.text, release, path);
  const card = one.arch === 'ampere' ? CARDS['A100-40GB'] : CARDS['T4'];
  return checkRules({ path, file: path, release, args, datasets: [], card, gpus: one.gpus, nodes: 1 });
}

export function judge(one: ParityCase, release: Release, files: Files): TwinVerdict {
  const path = `${one.id}.yaml`;
  const { loads, args, floats, findings } = loadYaml(one.text, release, path);
  const card = one.arch === 'ampere' ? CARDS['A100-40GB'] : CARDS['T4'];
  const verdict = parse({ path, file: path, release, args, floats, gpus: one.gpus, nodes: 1, files, card });
  return { accepted: loads && verdict.accepted, findings: [...findings, ...verdict.findings] };
}
