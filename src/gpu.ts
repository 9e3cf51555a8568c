import { Size } from 'cdk8s';
import { CARDS } from './planning/catalog/cards';
import type { Card } from './run/card';
import type { Problem } from './run/finding';
import { checkedProps } from './run/props';

/** A GPU the catalogue doesn't know. */
export interface CustomGpu {
  /** The short name, for messages: `RTX 6000 Ada`. */
  readonly name: string;
  /** The memory that `nvidia-smi` reports for one card. */
  readonly memory: Size;
  /**
   * NVIDIA's compute capability, for example 8.9. Below 8.0 there is no bf16 and no FlashAttention-2. For AMD's cards what
   * torch.cuda.get_device_capability() says: 9.4 for an MI300X (gfx942).
   */
  readonly computeCapability: number;
  /**
   * Values of the node label `nvidia.com/gpu.product`, for AMD's cards `amd.com/gpu.product-name`, that mean this card.
   * @default - none: pick the nodes with `NodePool.anyNode` or `NodePool.hostname`
   */
  readonly products?: string[];
  /**
   * Memory bandwidth in gigabytes (1e9 bytes) a second.
   * @default - unknown: durations can't be estimated
   */
  readonly bandwidthGigabytesPerSecond?: number;
  /**
   * Dense fp16 throughput in teraFLOP a second.
   * @default - unknown: durations can't be estimated
   */
  readonly fp16TeraflopsPerSecond?: number;
}

/** A GPU model: how much memory it has, what it can do, and which label its nodes carry. */
export class Gpu {
  /** Tesla T10, 16 GB, Turing. */
  public static readonly T10 = Gpu.known('T10');
  /** Tesla T4, 16 GB (15 GiB usable with ECC), Turing. */
  public static readonly T4 = Gpu.known('T4');
  /** Tesla V100, 16 GB, Volta. */
  public static readonly V100_16GB = Gpu.known('V100-16GB');
  /** Tesla V100, 32 GB, Volta. */
  public static readonly V100_32GB = Gpu.known('V100-32GB');
  /** A10, 24 GB, Ampere. */
  public static readonly A10 = Gpu.known('A10');
  /** L20, 48 GB, Ada. */
  public static readonly L20 = Gpu.known('L20');
  /** A100, 40 GB, Ampere. */
  public static readonly A100_40GB = Gpu.known('A100-40GB');
  /** A100, 80 GB, Ampere. */
  public static readonly A100_80GB = Gpu.known('A100-80GB');
  /** H20, 96 GB, Hopper. */
  public static readonly H20 = Gpu.known('H20');
  /** H100, 80 GB, Hopper. */
  public static readonly H100 = Gpu.known('H100');
  /** H200, 141 GB, Hopper. */
  public static readonly H200 = Gpu.known('H200');
  /** GeForce RTX 4090, 24 GB, Ada. */
  public static readonly RTX_4090 = Gpu.known('RTX-4090');

  /** A GPU that isn't in the catalogue. Numbers that aren't positive fail the synth of whatever uses it. */
  public static custom(gpu: CustomGpu): Gpu {
    const checked = checkedProps('CustomGpu', gpu, 'Gpu.custom.');
    if (checked.props === undefined) return Gpu._unknown(checked.problems);
    return Gpu.from(checked.props, checked.problems);
  }

  /**
   * What stands for a card that can't be told: the largest, so that nothing is said of its size.
   * @internal
   */
  public static _unknown(problems: readonly Problem[]): Gpu {
    return new Gpu(Gpu.H200._card, problems);
  }

  private static from(gpu: CustomGpu, found: readonly Problem[]): Gpu {
    const numbers = {
      computeCapability: gpu.computeCapability,
      bandwidthGigabytesPerSecond: gpu.bandwidthGigabytesPerSecond ?? 1,
      fp16TeraflopsPerSecond: gpu.fp16TeraflopsPerSecond ?? 1,
    };
    const problems = Object.entries(numbers)
      .filter(([, value]) => !(value > 0 && Number.isFinite(value)))
      .map(
        ([key, value]): Problem => ({
          id: 'invalid-gpu',
          key: `Gpu.custom('${gpu.name}').${key}`,
          message: 'the card needs a positive number here',
          got: String(value),
          allowed: 'a positive number',
        }),
      );
    return new Gpu(
      {
        name: gpu.name,
        memoryBytes: gpu.memory.toKibibytes() * 1024,
        computeCapability: gpu.computeCapability,
        bandwidthBytesPerSecond: (gpu.bandwidthGigabytesPerSecond ?? 0) * 1e9,
        fp16FlopsPerSecond: (gpu.fp16TeraflopsPerSecond ?? 0) * 1e12,
        products: gpu.products ?? [],
      },
      [...found, ...problems],
    );
  }

  private static known(name: string): Gpu {
    const card = CARDS[name];
    if (card === undefined) throw new Error(`no card '${name}' in the catalogue`);
    return new Gpu(card);
  }

  private constructor(
    /** @internal */
    public readonly _card: Card,
    /** @internal */
    public readonly _problems: readonly Problem[] = [],
  ) {}

  /** The short name, for example `T10`. */
  public get name(): string {
    return this._card.name;
  }

  /** The memory of one card, as NVML reports it. */
  public get memory(): Size {
    return Size.mebibytes(Math.floor(this._card.memoryBytes / 2 ** 20));
  }
}
