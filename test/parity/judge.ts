import { quantisedModelOf } from '../../src/cli/model-shape';
import { checkRules } from '../../src/judge/rules';
import type { Files } from '../../src/llamafactory/files';
import { loadYaml } from '../../src/llamafactory/load';
import { parse } from '../../src/llamafactory/parser/parse';
import { CARDS } from '../../src/planning/catalog/cards';
import type { Finding } from '../../src/run/finding';
import { RELEASE_FACTS, type Release } from '../../src/run/releases';
import type { ImageContents } from '../../src/run/run';
import type { ParityCase } from './cases';

/** The twin's verdict on a case. */
export interface TwinVerdict {
  readonly accepted: boolean;
  readonly findings: readonly Finding[];
}

/** What is installed where the verdicts are recorded. */
export function imageOf(release: Release): ImageContents {
  const { transformers } = RELEASE_FACTS[release];
  return { llamafactory: release, transformers, deepspeed: '0.18', bitsandbytes: '0.50', cudaToolkit: false };
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
  const quantised = quantisedModelOf(args['model_name_or_path'], files);
  const image = imageOf(release);
  const run = { path, file: path, release, args, gpus: one.gpus, nodes: 1, card, quantised, image };
  const verdict = parse({ ...run, floats, files });
  return { accepted: loads && verdict.accepted, findings: [...findings, ...verdict.findings] };
}
