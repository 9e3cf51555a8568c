import { MODELS, modelFromConfig } from './planning/catalog/models';
import type { Problem } from './run/finding';
import type { ModelShape } from './run/model-shape';
import { checkedProps } from './run/props';

/** A model the catalogue doesn't know, by its config.json. */
export interface CustomModel {
  /** The name, for paths and messages: `Qwen3-14B-Base`. */
  readonly name: string;
  /** The repository on the hub, for example `Qwen/Qwen3-14B-Base`. */
  readonly repository: string;
  /** The parsed content of the model's config.json: hidden_size, num_hidden_layers and their like. */
  readonly config: { readonly [key: string]: unknown };
}

/** A model: what it is called on the hubs, and the shape that decides memory and speed. */
export class Model {
  /** A model that isn't in the catalogue. A config.json without the numbers needed fails the synth of its runs. */
  public static custom(given: CustomModel): Model {
    const { sound, props: model, problems } = checkedProps('CustomModel', given, 'Model.custom.');
    if (model === undefined)
      return new Model({ name: 'unknown', repository: 'unknown', ...sound }, undefined, problems);
    const named = { name: model.name, repository: model.repository };
    try {
      return new Model(named, { ...modelFromConfig(model.name, model.config), repository: model.repository }, problems);
    } catch (error) {
      return new Model(named, undefined, [
        ...problems,
        { id: 'invalid-model', key: 'Model.custom.config', message: (error as Error).message },
      ]);
    }
  }

  /**
   * A model of the catalogue.
   * @internal
   */
  public static _known(name: string): Model {
    const shape = MODELS[name];
    if (shape === undefined) throw new Error(`no model '${name}' in the catalogue`);
    return new Model(shape, shape);
  }

  /** The name, for example `Qwen3-14B`. */
  public readonly name: string;
  /** The repository on ModelScope and Hugging Face, for example `Qwen/Qwen3-14B`. */
  public readonly repository: string;

  private constructor(
    named: { readonly name: string; readonly repository: string },
    /** @internal */
    public readonly _shape: ModelShape | undefined,
    /** @internal */
    public readonly _problems: readonly Problem[] = [],
  ) {
    this.name = named.name;
    this.repository = named.repository;
  }
}
