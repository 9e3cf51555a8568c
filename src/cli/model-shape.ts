import { join } from 'node:path';
import type { Files } from '../llamafactory/files';
import { MODELS, modelFromConfig } from '../planning/catalog/models';
import type { ModelShape } from '../run/model-shape';
import { isMapping } from '../run/run';

/**
 * The shape of the model that `model_name_or_path` names: from its config.json if the folder is here, else the model of
 * the catalogue that a part of the path names, the last first. Undefined if neither is known.
 */
export function modelShapeOf(model: unknown, files: Files): ModelShape | undefined {
  if (typeof model !== 'string' || model === '') return undefined;
  return fromConfig(model, files) ?? fromName(model);
}

function fromConfig(model: string, files: Files): ModelShape | undefined {
  const text = files.kind(model) === 'folder' ? files.read(join(model, 'config.json')) : undefined;
  if (text === undefined) return undefined;
  try {
    const config: unknown = JSON.parse(text);
    return isMapping(config) ? modelFromConfig(partsOf(model)[0] ?? model, config) : undefined;
  } catch {
    return undefined;
  }
}

/** The models of the catalogue by their plain names; made when a name is first looked up. */
let catalogue: ReadonlyMap<string, ModelShape> | undefined;

function fromName(model: string): ModelShape | undefined {
  catalogue ??= new Map(Object.values(MODELS).map((known) => [plain(known.name), known]));
  for (const part of partsOf(model)) {
    const found = catalogue.get(plain(part));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The parts of a path, the last first, as hubs call them: ModelScope writes `___` for a dot, Hugging Face `--` for `/`. */
export function partsOf(model: string): string[] {
  return model
    .split(/\/|--/)
    .filter((part) => part !== '')
    .map((part) => part.replaceAll('___', '.'))
    .reverse();
}

/** Base, chat and dated models of one size have one shape. */
function plain(name: string): string {
  return name.toLowerCase().replace(/(-(base|instruct|chat|thinking))?(-\d{4})?$/, '');
}
