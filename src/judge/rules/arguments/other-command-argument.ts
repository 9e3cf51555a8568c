import { isGiven, isOn } from '../../../llamafactory/effective-arguments';
import { type Finding, Severity } from '../../../run/finding';
import type { Run } from '../../../run/run';
import { found } from '../../found';
import type { Rule } from '../../rule';

/** Arguments that are for something else than a training run under torchrun. */
interface Foreign {
  /** What becomes of them in one. */
  readonly message: string;
  readonly change: string;
  matches(key: string, run: Run): boolean;
}

const TAKE_OUT = 'take it out; merge or export the adapter afterwards by `llamafactory-cli export`';
const LAUNCHER = ['master_addr', 'master_port', 'local_rank', '_n_gpu', 'mp_parameters'];
const CPU = ['use_cpu', 'no_cuda'];

const FOREIGN: readonly Foreign[] = [
  {
    message: 'training reads it too: the model is quantised by GPTQ as it is loaded, whatever `quantization_bit` says',
    change: TAKE_OUT,
    matches: (key) => key === 'export_quantization_bit',
  },
  {
    message: '`llamafactory-cli export` alone reads it: training exports nothing',
    change: TAKE_OUT,
    matches: (key) => key.startsWith('export_'),
  },
  {
    message: '`llamafactory-cli chat` and `api` alone read it: training ignores it',
    change: 'take it out',
    matches: (key) => key === 'infer_dtype' || /^(vllm|sglang)_/.test(key),
  },
  {
    message: 'it is read under Ray alone, and torchrun starts the run: training ignores it',
    change: 'take it out',
    matches: (key, { launchScript }) =>
      (key.startsWith('ray_') || ['placement_strategy', 'resources_per_worker'].includes(key)) &&
      launchScript?.text.includes('USE_RAY') !== true,
  },
  {
    message: 'torchrun tells each process its place: what the config says of it is ignored',
    change: 'take it out',
    matches: (key) => LAUNCHER.includes(key),
  },
  {
    message: 'the run trains on the CPUs, and the GPUs it asks for stay idle',
    change: 'take it out',
    matches: (key, run) => CPU.includes(key) && isOn(run, key),
  },
];

export const rule: Rule = {
  id: 'other-command-argument',
  severity: Severity.ERROR,
  reason:
    'One parser reads the arguments of all commands: a training run takes those of `export`, `chat` and `api` without a word, and ignores them or becomes another run by them.',
  source:
    'src/llamafactory/train/tuner.py, export_model; src/llamafactory/model/model_utils/quantization.py, configure_quantization; src/llamafactory/launcher.py',
  check(run) {
    if (!isTraining(run)) return [];
    return Object.keys(run.args).flatMap((key): Finding[] => {
      const foreign = isGiven(run, key) ? FOREIGN.find((each) => each.matches(key, run)) : undefined;
      if (foreign === undefined) return [];
      const { message, change } = foreign;
      return [found(rule, run, { key, message, got: run.args[key], change })];
    });
  },
};

/** A config of another command names no `output_dir`. */
export function isTraining(run: Run): boolean {
  return isGiven(run, 'dataset') && isGiven(run, 'output_dir');
}
