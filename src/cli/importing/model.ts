import { join } from 'node:path';
import type { Files } from '../../llamafactory/files';
import { Model } from '../../model';
import { saysBias } from '../../planning/catalog/architectures';
import { modelFileBytes } from '../../planning/layers';
import { QwenModel } from '../../qwen-model';
import { partsOf } from '../../run/model-name';
import type { ModelShape } from '../../run/model-shape';
import type { QuantisedFiles } from '../../run/quantised-files';
import type { Mapping } from '../../run/run';
import { knownModel, quantisedModelOf } from '../model-shape';
import { call, literal, object } from './literal';

/** The model of a train config as a program says it. */
export interface ImportedModel {
  /** The prop `model`. */
  readonly code: string;
  /** The prop `modelCache`. */
  readonly cache: string;
  /** What is to be said of it in the program. */
  readonly comment?: string;
  /** The model itself; undefined: neither its name nor its config.json says what it is made of. */
  readonly model?: Model;
  /** Where the pod finds it. */
  readonly directory: string;
  /** Arguments that are said by the model cache. */
  readonly said: readonly string[];
  /** Why nothing is known of it; undefined: it is. */
  readonly unplanned?: string;
  /** The model of the catalogue that its name alone is like, by which it is planned; undefined: more is known. */
  readonly plannedAs?: string;
  /** True if the cache is an existing claim that somebody has to copy the model to. */
  readonly byHand: boolean;
}

/** Smallest claim for weights, in GiB. */
const SMALLEST_CLAIM = 10;

/** A path rather than a repository on a hub. */
export const PATH = /^(\.{0,2}\/|~|[A-Za-z]:[\\/])/;

/**
 * @param args the train arguments
 * @param env what the launch script sets
 * @param files the files seen from the train config's folder
 */
export function importedModel(args: Mapping, env: ReadonlyMap<string, string>, files: Files): ImportedModel {
  const name = typeof args['model_name_or_path'] === 'string' ? args['model_name_or_path'] : '';
  const local = PATH.test(name) || files.kind(name) === 'folder';
  const repository = local ? cachedRepository(name) : name;
  const { shape, ...unknown } = knownModel(name, files);
  const unplanned = 'unplanned' in unknown ? unknown.unplanned : undefined;
  const quantised = quantisedModelOf(name, files);
  const known = catalogued(repository);
  const { model, code } = known ?? custom(repository ?? name, shape, quantised);
  const byName = known === undefined && files.read(join(name, 'config.json')) === undefined;
  const plannedAs = byName ? shape?.name : undefined;
  if (repository === undefined) {
    const directory = partsOf(name)[0] ?? 'model';
    return {
      code,
      cache: call('ModelCache.fromClaim', 'chart', "'models'", literal({ claimName: 'models', modelPath: directory })),
      comment: `${name} is on one machine alone: copy it onto the claim 'models'.`,
      model,
      directory: `/models/${directory}`,
      said: [],
      unplanned,
      plannedAs,
      byHand: true,
    };
  }
  const hub = hubOf(name, local, env);
  const revision =
    local || ['main', undefined].includes(args['model_revision'] as string) ? undefined : args['model_revision'];
  const options = object([
    ['revision', typeof revision === 'string' ? literal(revision) : undefined],
    ['endpoint', hub === 'huggingFace' && env.has('HF_ENDPOINT') ? literal(env.get('HF_ENDPOINT')) : undefined],
  ]);
  const source = call(`Source.${hub}`, options);
  const gibibytes = claimSize(model?._shape, model?._quantised);
  return {
    code,
    cache: call(
      'new ModelCache',
      'chart',
      "'models'",
      object([
        ['size', `Size.gibibytes(${gibibytes})`],
        ['source', source === 'Source.modelScope()' ? undefined : source],
      ]),
    ),
    ...(local ? { comment: `No pod has ${name}: a Job fetches it. For a node's disk: ModelCache.onNode.` } : {}),
    model,
    directory: `/models/${model?.repository ?? name}`,
    said: typeof revision === 'string' ? ['model_revision'] : [],
    unplanned,
    plannedAs,
    byHand: false,
  };
}

interface Named {
  readonly model?: Model;
  readonly code: string;
}

/** A model of the catalogue by its repository, exactly: any other name is another model. */
function catalogued(repository: string | undefined): Named | undefined {
  const found = Object.entries(QwenModel).find(
    ([, model]) => model instanceof Model && model.repository === repository,
  );
  return found === undefined ? undefined : { model: found[1] as Model, code: `QwenModel.${found[0]}` };
}

/**
 * The repository whose copy a folder is, by where the hubs' own caches keep it; undefined if the path doesn't say. The
 * name of the folder alone says nothing: a model of one's own is often called after the one it was made from.
 */
function cachedRepository(path: string): string | undefined {
  const huggingFace = /(?:^|[\\/])models--([^\\/]+?)--([^\\/]+?)(?:[\\/]|$)/.exec(path);
  if (huggingFace !== null) return `${huggingFace[1]}/${huggingFace[2]}`;
  const [name, owner] = partsOf(path);
  if (owner === undefined) return undefined;
  const repository = `${owner}/${name}`;
  const above = path.replaceAll('___', '.').slice(0, -repository.length);
  const inCache = /[\\/]modelscope[\\/]hub[\\/](?:models[\\/])?$/.test(above) && owner !== 'models';
  return inCache || catalogued(repository) !== undefined ? repository : undefined;
}

function custom(repository: string, shape: ModelShape | undefined, quantised: QuantisedFiles | undefined): Named {
  const description = {
    name: partsOf(repository)[0] ?? 'model',
    repository: PATH.test(repository) ? (partsOf(repository)[0] ?? 'model') : repository,
    config: shape === undefined ? {} : configOf(shape, quantised),
  };
  const code = call('Model.custom', object(Object.entries(description).map(([key, value]) => [key, literal(value)])));
  return shape === undefined ? { code } : { model: Model.custom(description), code };
}

/** A shape as the config.json says it. */
function configOf(shape: ModelShape, quantised: QuantisedFiles | undefined): Mapping {
  return {
    model_type: shape.modelType,
    hidden_size: shape.hiddenSize,
    intermediate_size: shape.intermediateSize,
    num_hidden_layers: shape.layers,
    num_attention_heads: shape.attentionHeads,
    num_key_value_heads: shape.keyValueHeads,
    head_dim: shape.headDim,
    vocab_size: shape.vocabSize,
    tie_word_embeddings: shape.tiedEmbeddings,
    ...(saysBias(shape.modelType) ? { attention_bias: shape.attentionBias } : {}),
    ...(shape.experts === undefined
      ? {}
      : {
          num_experts: shape.experts.count,
          num_experts_per_tok: shape.experts.perToken,
          moe_intermediate_size: shape.experts.intermediateSize,
        }),
    ...(quantised === undefined
      ? {}
      : {
          quantization_config: {
            quant_method: quantised.method,
            ...(quantised.bits === undefined ? {} : { bits: quantised.bits }),
            group_size: quantised.groupSize,
          },
        }),
  };
}

/** The hub the author had the model from: LLaMA-Factory asks Hugging Face unless told otherwise. */
export function hubOf(name: string, local: boolean, env: ReadonlyMap<string, string>): 'modelScope' | 'huggingFace' {
  if (local) return /huggingface|models--/i.test(name) ? 'huggingFace' : 'modelScope';
  return /^(1|true|y|yes)$/i.test(env.get('USE_MODELSCOPE_HUB') ?? '') ? 'modelScope' : 'huggingFace';
}

/** Twice the weights, in tens of GiB: room for another model beside them. */
function claimSize(shape: ModelShape | undefined, quantised: QuantisedFiles | undefined): number {
  if (shape === undefined) return 60;
  return Math.max(SMALLEST_CLAIM, Math.ceil((2 * modelFileBytes(shape, quantised)) / 2 ** 30 / 10) * 10);
}
