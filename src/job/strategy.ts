import { type DeepSpeedFile, zero3File } from '../deepspeed/zero3-config';
import type { DeepSpeedZero3Props } from '../deepspeed/zero3-props';
import { parse } from '../llamafactory/parser/parse';
import { choose, type Way } from '../planning/choose';
import type { PlanStrategy } from '../planning/settings';
import { Strategy } from '../planning/strategy';
import { type Problem, Severity } from '../run/finding';
import type { Mapping, Run } from '../run/run';
import type { RunRequest } from './request';

/** The ZeRO-3 of each strategy, the preferred strategy first; undefined: without DeepSpeed. */
const ZERO3: ReadonlyMap<PlanStrategy, DeepSpeedZero3Props | undefined> = new Map([
  ['ddp', undefined],
  ['zero3', {}],
  ['zero3-offload', { offloadOptimizer: true, offloadParam: true }],
]);

/** How the GPUs share the work, settled. */
export interface SettledStrategy {
  /** The DeepSpeed config that was given and holds. */
  readonly deepspeed?: DeepSpeedFile;
  /** The DeepSpeed config that must be made. */
  readonly zero3?: DeepSpeedZero3Props;
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
  const { strategy, trainBatch, accumulation, evalBatch, fits } = choice;
  const words = `${strategy}, ${trainBatch} a GPU, accumulation ${accumulation}`;
  const card = asked.nodes.card.name;
  return {
    zero3: ZERO3.get(strategy),
    args: {
      per_device_train_batch_size: trainBatch,
      gradient_accumulation_steps: accumulation,
      per_device_eval_batch_size: evalBatch,
    },
    chosen:
      fits === undefined || fits === 'does not fit'
        ? `Strategy.AUTO: ${words}; nothing is known to fit a ${card}`
        : `Strategy.AUTO: ${words}; quickest of what fits a ${card} with some margin, as planned${fits === 'tight' ? ' (tight)' : ''}`,
    problems: [],
  };
}

/** The strategies that the image can run and the trainer's parser takes; all of them if it takes none. */
function allowed(run: Run): Way[] {
  const ways = [...ZERO3]
    .filter(([strategy]) => isRunnable(run, strategy))
    .map(([strategy, zero3]): Way => ({ strategy, deepspeed: zero3 === undefined ? undefined : zero3File(zero3) }));
  const faults = ways.map(({ deepspeed }) => {
    const args = deepspeed === undefined ? run.args : { ...run.args, deepspeed: deepspeed.file };
    return parse({ ...run, args, deepspeed }).findings.filter(({ severity }) => severity === Severity.ERROR).length;
  });
  // a fault of the run itself is one with every strategy
  const fewest = Math.min(...faults);
  return ways.filter((_, i) => faults[i] === fewest);
}

function isRunnable({ image, args }: Run, strategy: PlanStrategy): boolean {
  if (strategy === 'ddp') return true;
  // bitsandbytes takes 8 bits without ZeRO-3 alone
  if (image?.deepspeed === undefined || args['quantization_bit'] === 8) return false;
  return strategy !== 'zero3-offload' || image.cudaToolkit;
}
