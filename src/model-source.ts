import type { SecretValue } from 'cdk8s-plus-28';

/** Which snapshot of which hub. */
export interface HubOptions {
  /**
   * The repository, for example `Qwen/Qwen3-14B`.
   * @default - the repository of the run's model
   */
  readonly repository?: string;
  /**
   * A branch, tag or commit. A branch may move: give a commit where runs must repeat.
   * @default - `master` on ModelScope, `main` on Hugging Face
   */
  readonly revision?: string;
  /**
   * The hub's address, for a mirror: `https://hf-mirror.com`.
   * @default - the hub library's own
   */
  readonly endpoint?: string;
  /**
   * The key of a Secret that holds an access token. Only the prepare Job gets it, never the GPU pod.
   * @default - no token: public models only
   */
  readonly token?: SecretValue;
}

/** Where a model's weights come from: a hub, which a CPU Job copies into the model cache once. */
export class ModelSource {
  /** ModelScope, the hub most used in China. */
  public static modelScope(options: HubOptions = {}): ModelSource {
    return new ModelSource('modelscope', 'master', options);
  }

  /** Hugging Face, or a mirror of it by `endpoint`. */
  public static huggingFace(options: HubOptions = {}): ModelSource {
    return new ModelSource('huggingface', 'main', options);
  }

  /** @internal */
  public readonly _hub: 'modelscope' | 'huggingface';
  /** @internal */
  public readonly _options: HubOptions;
  /** The snapshot taken. */
  public readonly revision: string;

  private constructor(hub: 'modelscope' | 'huggingface', defaultRevision: string, options: HubOptions) {
    this._hub = hub;
    this._options = options;
    this.revision = options.revision ?? defaultRevision;
  }
}
