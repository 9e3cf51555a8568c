import { posix } from 'node:path';
import type { HubOrigin } from './job/request';
import { modelFromConfig, unplannedBecause } from './planning/catalog/architectures';
import { MODELS } from './planning/catalog/models';
import type { Problem } from './run/finding';
import type { ModelShape } from './run/model-shape';
import { nearest } from './run/nearest';
import { argumentProblems, checkedProps } from './run/props';
import { type QuantisedFiles, quantisedFilesOf } from './run/quantised-files';

/** A model the catalogue doesn't know. */
export interface CustomModel {
  /** The name, for paths and messages: `Qwen3-14B-Base`. */
  readonly name: string;
  /** The repository on the hub, for example `Qwen/Qwen3-14B-Base`. */
  readonly repository: string;
  /**
   * The parsed content of the model's config.json: hidden_size, num_hidden_layers and their like. A number that is
   * missing fails the synth of the model's runs.
   * @default - not known: the model is trained, but its memory and time aren't planned
   */
  readonly config?: { readonly [key: string]: unknown };
}

/** A model: what it is called on the hubs, and the shape that decides memory and speed. */
export class Model {
  /**
   * A model of the catalogue by its repository on Hugging Face: `meta-llama/Meta-Llama-3.1-8B-Instruct`. A source that is
   * ModelScope asks for the same model by its name there. A repository that isn't in the catalogue fails the synth of its
   * runs; `Model.custom` takes any.
   *
   * docs/data-and-models.md lists the catalogue.
   */
  public static of(repository: string): Model {
    const problems = argumentProblems({ kind: 'string' }, repository, 'Model.of');
    const shape = Object.values(MODELS).find((known) => known.repository === repository);
    if (shape !== undefined) return new Model(shape, shape);
    if (problems.length > 0) return new Model({ name: 'unknown', repository: 'unknown' }, undefined, problems);
    const meant = nearest(
      repository,
      Object.values(MODELS).map((known) => known.repository),
    );
    return new Model({ name: posix.basename(repository), repository }, undefined, [
      {
        id: 'invalid-model',
        key: 'Model.of',
        message: 'the catalogue has no such model',
        got: repository,
        change: `${meant === undefined ? '' : `did you mean ${meant}? Else `}give its name, repository and config.json: Model.custom({ … })`,
      },
    ]);
  }

  /**
   * A model that isn't in the catalogue. Where its config.json isn't given, or is of an architecture whose numbers aren't
   * known, memory and time aren't planned: a warning says so, and the run asks for what it can't work out.
   */
  public static custom(given: CustomModel): Model {
    const { sound, props: model, problems } = checkedProps('CustomModel', given, 'Model.custom.');
    if (model === undefined)
      return new Model({ name: 'unknown', repository: 'unknown', ...sound }, undefined, problems);
    const named = { name: model.name, repository: model.repository };
    if (model.config === undefined)
      return new Model(named, undefined, problems, 'its config.json is not given', quantisedFilesOf(model.name));
    try {
      const shape = modelFromConfig(model.name, model.config);
      const quantised = quantisedFilesOf(model.name, model.config);
      if (shape === undefined) {
        return new Model(named, undefined, problems, unplannedBecause(model.config), quantised);
      }
      return new Model(named, { ...shape, repository: model.repository }, problems, undefined, quantised);
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
  /** The repository on Hugging Face, and on ModelScope unless it is called otherwise there: `Qwen/Qwen3-14B`. */
  public readonly repository: string;

  private constructor(
    named: { readonly name: string; readonly repository: string },
    /** @internal */
    public readonly _shape: ModelShape | undefined,
    /** @internal */
    public readonly _problems: readonly Problem[] = [],
    /**
     * Why memory and time aren't planned; undefined: they are, or a problem says what is wrong.
     * @internal
     */
    public readonly _unplanned?: string,
    /**
     * How its files are quantised already.
     * @internal
     */
    public readonly _quantised?: QuantisedFiles,
  ) {
    this.name = named.name;
    this.repository = named.repository;
  }

  /**
   * What a hub calls it.
   * @internal
   */
  public _repositoryOn(hub: HubOrigin['hub']): string {
    return (hub === 'modelscope' ? this._shape?.modelScopeRepository : undefined) ?? this.repository;
  }
}
