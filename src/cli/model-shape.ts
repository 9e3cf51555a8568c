import { join } from 'node:path';
import type { Files } from '../llamafactory/files';
import { DEEPEST_JSON, isTooDeep } from '../llamafactory/json-depth';
import { modelFromConfig, unplannedBecause } from '../planning/catalog/architectures';
import { MODELS } from '../planning/catalog/models';
import { partsOf } from '../run/model-name';
import type { ModelShape } from '../run/model-shape';
import { type QuantisedFiles, quantisedFilesOf, withoutQuantisation } from '../run/quantised-files';
import { isMapping, type Mapping } from '../run/run';

/** What is known of a model: its shape, or why it has none. */
export type KnownModel = { readonly shape: ModelShape } | { readonly shape?: undefined; readonly unplanned: string };

/**
 * The model that `model_name_or_path` names: from its config.json if the folder is here, else the model of the catalogue
 * that a part of the path names, the last first.
 */
export function knownModel(model: unknown, files: Files): KnownModel {
  if (typeof model !== 'string' || model === '') return { unplanned: 'no model is named' };
  const known = fromConfig(model, files);
  if (known !== undefined) return known;
  const shape = fromName(model);
  if (shape !== undefined) return { shape };
  return {
    unplanned: `nothing is known of ${model}: put its config.json where model_name_or_path says, or see docs/data-and-models.md for the models that are known by name`,
  };
}

function fromConfig(model: string, files: Files): KnownModel | undefined {
  const path = join(model, 'config.json');
  const read = readConfig(model, files);
  if (read === undefined) return undefined;
  if ('fault' in read) return { unplanned: `${path}${read.fault}` };
  try {
    const shape = modelFromConfig(partsOf(model)[0] ?? model, read.config);
    return shape === undefined ? { unplanned: `${path}: ${unplannedBecause(read.config)}` } : { shape };
  } catch (error) {
    return { unplanned: `${path}: ${(error as Error).message}` };
  }
}

/** The config.json of a model whose folder is here, or what is wrong with it, in words to be put behind its path. */
function readConfig(
  model: string,
  files: Files,
): { readonly config: Mapping } | { readonly fault: string } | undefined {
  const text = files.kind(model) === 'folder' ? files.read(join(model, 'config.json')) : undefined;
  if (text === undefined) return undefined;
  if (isTooDeep(text)) return { fault: ` is nested deeper than ${DEEPEST_JSON} levels` };
  try {
    const config: unknown = JSON.parse(text);
    return isMapping(config) ? { config } : { fault: ' is no JSON object' };
  } catch (error) {
    return { fault: `: ${(error as Error).message}` };
  }
}

/** How the files of the model that `model_name_or_path` names are quantised: by its config.json, else by its name. */
export function quantisedModelOf(model: unknown, files: Files): QuantisedFiles | undefined {
  if (typeof model !== 'string' || model === '') return undefined;
  const read = readConfig(model, files);
  if (read !== undefined) return 'config' in read ? quantisedFilesOf('', read.config) : undefined;
  return partsOf(model)
    .map((part) => quantisedFilesOf(part))
    .find((found) => found !== undefined);
}

/** The models of the catalogue by their plain names, the first of a name; made when a name is first looked up. */
let catalogue: ReadonlyMap<string, ModelShape> | undefined;

function fromName(model: string): ModelShape | undefined {
  catalogue ??= new Map(
    Object.values(MODELS)
      .reverse()
      .map((known) => [plain(known.name), known]),
  );
  for (const part of partsOf(model)) {
    const found = MODELS[part] ?? catalogue.get(plain(part));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Base, chat, dated and quantised models of one size have one shape. */
function plain(name: string): string {
  return withoutQuantisation(name.toLowerCase()).replace(/(-(base|instruct|chat|thinking))?(-\d{4})?$/, '');
}
