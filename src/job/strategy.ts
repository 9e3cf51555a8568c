import { zero2File } from '../deepspeed/zero2-config';
import { type DeepSpeedFile, zero3File } from '../deepspeed/zero3-config';
import type { DeepSpeedZero3Props } from '../deepspeed/zero3-props';
import { parse } from '../llamafactory/parser/parse';
import { type Choice, choose, type Way } from '../planning/choose';
import type { PlanStrategy } from '../planning/settings';
import { Strategy } from '../planning/strategy';
import { type Problem, Severity } from '../run/finding';
import type { Mapping, Run } from '../run/run';
import type { RunRequest } from './request';

/** The ZeRO-3 of the strategies that shard the weights. */
const ZERO3: ReadonlyMap<PlanStrategy, DeepSpeedZero3Props> = new Map([
  ['zero3', {}],
  ['zero3-offload', { offloadOptimizer: true, offloadParam: true }],
]);
/** What AUTO chooses from, the preferred strategy first. */
const STRATEGIES: readonly PlanStrategy[] = ['ddp', 'zero2', 'zero3', 'zero3-offload'];

/** How the GPUs share the work, settled. */
export interface SettledStrategy {
  /** The DeepSpeed config that was given and holds. */
  readonly deepspeed?: DeepSpeedFile;
  /** The DeepSpeed config that must be made. */
  readonly zero3?: DeepSpeedZero3Props;
  /** The same, where the weights stay whole. */
  readonly zero2?: DeepSpeedFile;
  /** The arguments that go with what was chosen. */
  readonly args?: Mapping;
  /** Why the batch is what it is, where it was chosen: a comment in train_config.yaml. */
  readonly chosen?: string;
  readonly problems: readonly Problem[];
}

/** Settles the strategy: checks it against the DeepSpeed config that is given, and chooses for AUTO. */
export function settleStrategy(asked: RunRequest, run: Run): SettledStrategy {
  const { strategy, deepspeed } = asked;
  if (deepspeed !== undefined && (strategy === Strategy.AUTO || strategy === Strategy.DDP)) {
    return { deepspeed: strategy === Strategy.AUTO ? deepspeed : undefined, problems: [contradiction(strategy)] };
  }
  if (strategy === Strategy.AUTO) return chosen(asked, run);
  if (strategy === Strategy.ZERO3_OFFLOAD && deepspeed === undefined) {
    return { zero3: ZERO3.get('zero3-offload'), problems: [] };
  }
  return { deepspeed, problems: [] };
}

function contradiction(strategy: Strategy): Problem {
  const auto = strategy === Strategy.AUTO;
  return {
    id: 'contradictory-props',
    key: 'strategy',
    message: auto
      ? 'AUTO chooses the DeepSpeed config, and one is given too'
      : 'DDP runs without DeepSpeed, and a DeepSpeed config is given too',
    got: `strategy: Strategy.${auto ? 'AUTO' : 'DDP'}, deepspeed`,
    allowed: 'one of the two',
    change: 'take one of them out',
  };
}

function chosen(asked: RunRequest, run: Run): SettledStrategy {
  const memory = [asked.memoryBytes, asked.nodes.memoryBytes].filter((bytes) => bytes !== undefined);
  const choice = choose(run, allowed(run), memory.length === 0 ? undefined : Math.min(...memory));
  const { strategy, trainBatch, accumulation, evalBatch, neatPacking } = choice;
  return {
    zero3: ZERO3.get(strategy),
    ...(strategy === 'zero2' ? { zero2: zero2File() } : {}),
    args: {
      per_device_train_batch_size: trainBatch,
      gradient_accumulation_steps: accumulation,
      per_device_eval_batch_size: evalBatch,
      ...(neatPacking ? { neat_packing: true } : {}),
    },
    chosen: wordsOf(choice, asked.nodes.card.name),
    problems: [],
  };
}

/** What was chosen, and by which need; the margin is said, since it may be small. */
function wordsOf(choice: Choice, card: string): string {
  const { strategy, trainBatch, accumulation, neatPacking, fits, neededBytes = 0, marginBytes = 0, longest } = choice;
  const words = `Strategy.AUTO: ${strategy}, ${trainBatch} a GPU, accumulation ${accumulation}${neatPacking ? ', neat_packing (each sample alone in its sequence)' : ''}`;
  if (fits === undefined || fits === 'does not fit') return `${words}; nothing is known to fit a ${card}`;
  const share = ((100 * marginBytes) / (neededBytes + marginBytes)).toFixed(0);
  const within = fits === 'tight' ? ", within the planner's error" : '';
  return `${words}; quickest of what fits a ${card}, as planned: sequences of ${longest} tokens at most need ${(neededBytes / 1e9).toFixed(1)} GB, margin ${(marginBytes / 1e9).toFixed(1)} GB (${share} %${within})`;
}

/** The strategies that the image can run and the trainer's parser takes; all of them if it takes none. */
function allowed(run: Run): Way[] {
  const ways = STRATEGIES.filter((strategy) => isRunnable(run, strategy)).map(
    (strategy): Way => ({ strategy, deepspeed: deepspeedOf(strategy) }),
  );
  const faults = ways.map(({ deepspeed }) => {
    const args = deepspeed === undefined ? run.args : { ...run.args, deepspeed: deepspeed.file };
    return parse({ ...run, args, deepspeed }).findings.filter(({ severity }) => severity === Severity.ERROR).length;
  });
  // a fault of the run itself is one with every strategy
  const fewest = Math.min(...faults);
  return ways.filter((_, i) => faults[i] === fewest);
}

function deepspeedOf(strategy: PlanStrategy): DeepSpeedFile | undefined {
  const zero3 = ZERO3.get(strategy);
  if (zero3 !== undefined) return zero3File(zero3);
  return strategy === 'zero2' ? zero2File() : undefined;
}

function isRunnable({ image, args, gpus, nodes }: Run, strategy: PlanStrategy): boolean {
  if (strategy === 'ddp') return true;
  // bitsandbytes takes 8 bits without ZeRO-3 alone
  if (image?.deepspeed === undefined || args['quantization_bit'] === 8) return false;
  // one GPU has nothing to share; its optimizer is compiled where it runs
  if (strategy === 'zero2') return gpus * nodes > 1 && image.cudaToolkit;
  return strategy !== 'zero3-offload' || image.cudaToolkit;
}
