import type { Edit } from '../../run/finding';

/** One thing to change, with what it brings. */
export interface Advice {
  readonly id: string;
  /** What to change and what it brings, in words. */
  readonly message: string;
  /** The change as data; empty where there is nothing to write. */
  readonly edits: readonly Edit[];
  /** True if the kernels it needs are known to run on the card. */
  readonly verified: boolean;
  /**
   * What the image must hold.
   * @default - nothing more than the run needs now
   */
  readonly needs?: readonly string[];
  /** Need and margin after the change. */
  readonly stepReservedBytes?: number;
  readonly marginBytes?: number;
  /** Tokens a second after the change, over before: the bounds' geometric means. */
  readonly speedup?: number;
}
