import { MODELS, type ModelShape, modelFromConfig } from './planning/catalog/models';
import type { Problem } from './run/finding';

/** A model the catalogue doesn't know, by its config.json. */
export interface CustomModel {
  /** The name, for paths and messages: `Qwen3-14B-Base`. */
  readonly name: string;
  /** The repository on the hub, for example `Qwen/Qwen3-14B-Base`. */
  readonly repository: string;
  /** The parsed content of the model's config.json: hidden_size, num_hidden_layers and their like. */
  readonly config: { readonly [key: string]: unknown };
}

/** A Qwen model: what it is called on the hubs, and the shape that decides memory and speed. */
export class QwenModel {
  /** Qwen3-0.6B. */
  public static readonly QWEN3_0_6B = QwenModel.known('Qwen3-0.6B');
  /** Qwen3-1.7B. */
  public static readonly QWEN3_1_7B = QwenModel.known('Qwen3-1.7B');
  /** Qwen3-4B. */
  public static readonly QWEN3_4B = QwenModel.known('Qwen3-4B');
  /** Qwen3-8B. */
  public static readonly QWEN3_8B = QwenModel.known('Qwen3-8B');
  /** Qwen3-14B. */
  public static readonly QWEN3_14B = QwenModel.known('Qwen3-14B');
  /** Qwen3-32B. */
  public static readonly QWEN3_32B = QwenModel.known('Qwen3-32B');
  /** Qwen3-30B-A3B, a mixture of experts. */
  public static readonly QWEN3_30B_A3B = QwenModel.known('Qwen3-30B-A3B');
  /** Qwen3-235B-A22B, a mixture of experts. */
  public static readonly QWEN3_235B_A22B = QwenModel.known('Qwen3-235B-A22B');
  /** Qwen2.5-0.5B-Instruct. */
  public static readonly QWEN2_5_0_5B = QwenModel.known('Qwen2.5-0.5B-Instruct');
  /** Qwen2.5-1.5B-Instruct. */
  public static readonly QWEN2_5_1_5B = QwenModel.known('Qwen2.5-1.5B-Instruct');
  /** Qwen2.5-3B-Instruct. */
  public static readonly QWEN2_5_3B = QwenModel.known('Qwen2.5-3B-Instruct');
  /** Qwen2.5-7B-Instruct. */
  public static readonly QWEN2_5_7B = QwenModel.known('Qwen2.5-7B-Instruct');
  /** Qwen2.5-14B-Instruct. */
  public static readonly QWEN2_5_14B = QwenModel.known('Qwen2.5-14B-Instruct');
  /** Qwen2.5-32B-Instruct. */
  public static readonly QWEN2_5_32B = QwenModel.known('Qwen2.5-32B-Instruct');
  /** Qwen2.5-72B-Instruct. */
  public static readonly QWEN2_5_72B = QwenModel.known('Qwen2.5-72B-Instruct');

  /** A model that isn't in the catalogue. A config.json without the numbers needed fails the synth of its runs. */
  public static custom(model: CustomModel): QwenModel {
    const named = { name: model.name, repository: model.repository };
    try {
      return new QwenModel(named, { ...modelFromConfig(model.name, model.config), repository: model.repository });
    } catch (error) {
      return new QwenModel(named, undefined, [
        { id: 'invalid-model', key: 'QwenModel.custom.config', message: (error as Error).message },
      ]);
    }
  }

  private static known(name: string): QwenModel {
    const shape = MODELS[name];
    if (shape === undefined) throw new Error(`no model '${name}' in the catalogue`);
    return new QwenModel(shape, shape);
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
