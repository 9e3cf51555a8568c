import type { Construct } from 'constructs';
import { ZERO3_FILE, zero3Config } from '../deepspeed/zero3-config';
import { DeepSpeedZero3, type DeepSpeedZero3Props } from '../deepspeed-zero3';
import type { FineTuningJobProps } from '../fine-tuning-job-props';
import { bytesOf } from '../kubernetes/quantity';
import { argumentsOf } from '../llamafactory/arguments';
import { parse } from '../llamafactory/parser/parse';
import { choose, type Way } from '../planning/choose';
import type { PlanStrategy } from '../planning/settings';
import { Strategy } from '../planning/strategy';
import { Severity } from '../run/finding';
import type { Mapping, Run } from '../run/run';
import { TrainerImage } from '../trainer-image';
import { reportProblems } from '../tree/findings';

/** What each strategy makes of a run, the preferred first. */
const WAYS: ReadonlyArray<{ readonly strategy: PlanStrategy; readonly zero3?: DeepSpeedZero3Props }> = [
  { strategy: 'ddp' },
  { strategy: 'zero3', zero3: {} },
  { strategy: 'zero3-offload', zero3: { offloadOptimizer: true, offloadParam: true } },
];

/** Props whose strategy is settled: what `deepspeed` and `train` say holds. */
export interface Settled {
  readonly props: FineTuningJobProps;
  /** Why the batch is what it is, where it was chosen: a comment in train_config.yaml. */
  readonly chosen?: string;
}

/** Settles the strategy: checks it against `deepspeed`, makes the DeepSpeed config it needs, and chooses for AUTO. */
export function settleStrategy(construct: Construct, props: FineTuningJobProps): Settled {
  const { strategy, deepspeed } = props;
  if (strategy === undefined) return { props };
  if (deepspeed !== undefined && strategy !== Strategy.ZERO3_OFFLOAD) {
    const auto = strategy === Strategy.AUTO;
    reportProblems(construct, [
      {
        id: 'contradictory-props',
        key: 'strategy',
        message: auto
          ? 'AUTO chooses the DeepSpeed config, and one is given too'
          : 'DDP runs without DeepSpeed, and a DeepSpeed config is given too',
        got: `strategy: Strategy.${auto ? 'AUTO' : 'DDP'}, deepspeed`,
        allowed: 'one of the two',
        change: 'take one of them out',
      },
    ]);
    return { props: auto ? props : { ...props, deepspeed: undefined } };
  }
  if (strategy === Strategy.DDP) return { props };
  if (strategy === Strategy.ZERO3_OFFLOAD) {
    return { props: { ...props, deepspeed: deepspeed ?? zero3Of(construct, 'zero3-offload') } };
  }
  return chosen(construct, props);
}

function chosen(construct: Construct, props: FineTuningJobProps): Settled {
  const run = runToChoose(props);
  const memory = [props.memory, props.nodePool.memory].flatMap((size) => (size === undefined ? [] : [bytesOf(size)]));
  const choice = choose(run, allowed(run), memory.length === 0 ? undefined : Math.min(...memory));
  const { strategy, trainBatch, accumulation, evalBatch, fits } = choice;
  const words = `${strategy}, ${trainBatch} a GPU, accumulation ${accumulation}`;
  const card = props.nodePool.gpu.name;
  return {
    props: {
      ...props,
      deepspeed: zero3Of(construct, strategy),
      train: {
        ...props.train,
        perDeviceTrainBatchSize: trainBatch,
        gradientAccumulationSteps: accumulation,
        perDeviceEvalBatchSize: evalBatch,
      },
    },
    chosen:
      fits === undefined || fits === 'does not fit'
        ? `Strategy.AUTO: ${words}; nothing is known to fit a ${card}`
        : `Strategy.AUTO: ${words}; quickest of what fits a ${card} with some margin, as planned${fits === 'tight' ? ' (tight)' : ''}`,
  };
}

/** The DeepSpeed config of a strategy, as a construct. */
function zero3Of(construct: Construct, strategy: PlanStrategy): DeepSpeedZero3 | undefined {
  const zero3 = WAYS.find((way) => way.strategy === strategy)?.zero3;
  return zero3 === undefined ? undefined : new DeepSpeedZero3(construct, 'zero3', zero3);
}

/** The run as far as the choice depends on it. */
function runToChoose(props: FineTuningJobProps): Run {
  const contents = (props.image ?? TrainerImage.official())._contents;
  const dataset = props.dataset._mounted;
  const args: Mapping = {
    model_name_or_path: '/models',
    ...props.trainConfig?._read(contents.llamafactory).args,
    ...argumentsOf(props.train ?? {}).args,
    dataset: dataset.name,
    output_dir: '/saves',
    ...(props.evaluationDataset === undefined ? {} : { eval_dataset: props.evaluationDataset.name }),
  };
  return {
    path: '',
    file: 'train_config.yaml',
    release: contents.llamafactory,
    args,
    datasets: [{ name: dataset.name, entry: dataset.entry, rows: dataset.rows }],
    card: props.nodePool.gpu._card,
    gpus: props.gpus ?? props.nodePool.gpus,
    nodes: 1,
    model: props.model._shape,
    image: contents,
  };
}

/** The strategies that the image can run and the trainer's parser takes; all of them if it takes none. */
function allowed(run: Run): Way[] {
  const ways = WAYS.map(({ strategy, zero3 }): Way => {
    const deepspeed = zero3 === undefined ? undefined : { file: ZERO3_FILE, config: zero3Config(zero3) };
    return { strategy, deepspeed };
  }).filter(({ strategy }) => isRunnable(run, strategy));
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
