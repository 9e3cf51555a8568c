import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { partsOf } from '../run/model-name';
import { withoutQuantisation } from '../run/quantised-files';
import type { Release } from '../run/releases';
import { hasTemplate, isReasoning } from './templates';

/** The chat template that a model was made with: to train, to merge and to serve it. */
export interface ModelTemplate {
  /** The model's name, in small letters. */
  readonly model: string;
  readonly template: string;
  /** Whether its answers begin with a think block: `either` as it is asked to, which is `enable_thinking`. */
  readonly thinking: 'never' | 'always' | 'either';
  /** False: the release has no such template. */
  readonly available: boolean;
}

/**
 * The template of a model, by a part of its path; undefined: LLaMA-Factory's table has no such model, or it is one to
 * continue texts with, for which no template is wrong.
 * Source: src/llamafactory/extras/constants.py, register_model_group, of all releases; the newest has the last word.
 */
export function modelTemplateOf(modelNameOrPath: string, release: Release): ModelTemplate | undefined {
  for (const part of partsOf(modelNameOrPath)) {
    const name = part.toLowerCase();
    const model = [name, withoutQuantisation(name)].find((each) => models().has(each));
    const template = models().get(model ?? '');
    if (model === undefined || template === undefined) continue;
    return {
      model,
      template,
      thinking: thinkingOf(model, template, release),
      available: hasTemplate(release, template),
    };
  }
  return undefined;
}

/** Models of R1 think whatever they are asked, and so do those of 2507 that are called so. */
function thinkingOf(model: string, template: string, release: Release): ModelTemplate['thinking'] {
  if (!isReasoning(release, template)) return 'never';
  return template === 'deepseekr1' || model.includes('thinking') ? 'always' : 'either';
}

let table: ReadonlyMap<string, string> | undefined;

function models(): ReadonlyMap<string, string> {
  table ??= new Map(Object.entries(readTable()).flatMap(([template, names]) => names.map((name) => [name, template])));
  return table;
}

function readTable(): Record<string, string[]> {
  return JSON.parse(readFileSync(join(__dirname, '../../data/llamafactory/model-templates.json'), 'utf8'));
}
