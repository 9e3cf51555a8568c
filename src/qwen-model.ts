import { Model } from './model';

/** The Qwen models of the catalogue: what the preset trains, and what their numbers are known of. */
export class QwenModel {
  /** Qwen3-0.6B. */
  public static readonly QWEN3_0_6B: Model = Model._known('Qwen3-0.6B');
  /** Qwen3-1.7B. */
  public static readonly QWEN3_1_7B: Model = Model._known('Qwen3-1.7B');
  /** Qwen3-4B. */
  public static readonly QWEN3_4B: Model = Model._known('Qwen3-4B');
  /** Qwen3-8B. */
  public static readonly QWEN3_8B: Model = Model._known('Qwen3-8B');
  /** Qwen3-14B. */
  public static readonly QWEN3_14B: Model = Model._known('Qwen3-14B');
  /** Qwen3-32B. */
  public static readonly QWEN3_32B: Model = Model._known('Qwen3-32B');
  /** Qwen3-30B-A3B, a mixture of experts. */
  public static readonly QWEN3_30B_A3B: Model = Model._known('Qwen3-30B-A3B');
  /** Qwen3-235B-A22B, a mixture of experts. */
  public static readonly QWEN3_235B_A22B: Model = Model._known('Qwen3-235B-A22B');
  /** Qwen2.5-0.5B-Instruct. */
  public static readonly QWEN2_5_0_5B: Model = Model._known('Qwen2.5-0.5B-Instruct');
  /** Qwen2.5-1.5B-Instruct. */
  public static readonly QWEN2_5_1_5B: Model = Model._known('Qwen2.5-1.5B-Instruct');
  /** Qwen2.5-3B-Instruct. */
  public static readonly QWEN2_5_3B: Model = Model._known('Qwen2.5-3B-Instruct');
  /** Qwen2.5-7B-Instruct. */
  public static readonly QWEN2_5_7B: Model = Model._known('Qwen2.5-7B-Instruct');
  /** Qwen2.5-14B-Instruct. */
  public static readonly QWEN2_5_14B: Model = Model._known('Qwen2.5-14B-Instruct');
  /** Qwen2.5-32B-Instruct. */
  public static readonly QWEN2_5_32B: Model = Model._known('Qwen2.5-32B-Instruct');
  /** Qwen2.5-72B-Instruct. */
  public static readonly QWEN2_5_72B: Model = Model._known('Qwen2.5-72B-Instruct');

  private constructor() {}
}
