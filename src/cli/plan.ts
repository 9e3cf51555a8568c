import { findingsText } from '../judge/finding-text';
import { judge } from '../judge/judge';
import { readText } from '../llamafactory/read-text';
import { type Measured, measuredIn, measuredLines } from '../planning/measured';
import { formatPlan, type Plan } from '../planning/plan';
import type { Run } from '../run/run';
import { runPlan } from '../run-plan';
import { fileStore } from './file-store';
import { located } from './located';
import { otherConfig } from './other-config';
import { ExitStatus, jsonLine, type Output } from './output';
import { rootText } from './root';
import { type RunOptions, runFromFiles } from './run-from-files';
import { tokenCounterOf } from './tokenizer';

/** What `plan` is asked beside what a run is. */
export interface PlanCommandOptions extends RunOptions {
  readonly format: 'text' | 'json';
  /**
   * Rows of each data set, whatever its file holds here.
   * @default - counted in the files at hand
   */
  readonly samples?: number;
  /**
   * The trainer_log.jsonl of a run, to be set beside the plan.
   * @default - the plan alone
   */
  readonly measured?: string;
}

/** Plans one run, prints the plan, and says how to exit. */
export function plan(path: string, options: PlanCommandOptions, output: Output): ExitStatus {
  const store = fileStore();
  const from = runFromFiles(path, options, store);
  const { run: read, findings, loads, root, files } = from;
  const model = read?.args['model_name_or_path'];
  const run = read && { ...read, tokensIn: tokenCounterOf(model, root.folder, files) };
  if (run === undefined) {
    output.err(`${findingsText(located(findings, path, from, store))}\n`);
    return ExitStatus.FINDINGS;
  }
  const other = otherConfig(run, 'there is no training of it to plan');
  if (other !== undefined) {
    output.err(`${findingsText([other])}\n`);
    return ExitStatus.FINDINGS;
  }
  const { plan } = judge(withSamples(run, options.samples), { samples: options.samples });
  if ('failed' in plan) {
    output.err(`error: ${path} can't be planned: ${plan.failed.message}; lint says what is wrong with it\n`);
    return ExitStatus.FINDINGS;
  }
  const planned = plan.value;
  const log = options.measured === undefined ? undefined : readLog(options.measured);
  if (log !== undefined && 'fault' in log) {
    output.err(`error: ${options.measured}: ${log.fault}\n`);
    return ExitStatus.FINDINGS;
  }
  if (options.format === 'json') {
    output.out(jsonLine({ ...publicShape(planned), ...(log === undefined ? {} : { measured: log }) }));
    return ExitStatus.OK;
  }
  const { card, gpus, nodes } = options;
  const where = `${gpus} x ${card.name}${nodes > 1 ? ` on each of ${nodes} nodes` : ''}`;
  output.out(`${path}: ${where}, ${rootText(root, run.launchScript?.file)}\n\n`);
  if (!loads) output.out(`LLaMA-Factory ${run.release} can't load the file: lint says why. Planned all the same:\n\n`);
  output.out(formatPlan(planned, card.name));
  if (log !== undefined) output.out(`\n${measuredLines(log, planned.schedule, planned.throughput).join('\n')}\n`);
  if (run.model === undefined)
    output.out(`\nmemory and speed are not planned: ${run.unplanned ?? 'the model is not known'}\n`);
  return ExitStatus.OK;
}

/** A log of a line a step has so many bytes after a million steps. */
const LARGEST_LOG = 256 * 2 ** 20;

function readLog(path: string): Measured | { readonly fault: string } {
  const text = readText(path, LARGEST_LOG);
  if (!('text' in text)) return { fault: text.fault };
  return (
    measuredIn(text.text) ?? {
      fault: 'no line has current_steps, total_steps and elapsed_time: a trainer_log.jsonl has',
    }
  );
}

/** Who gives the number of rows has not all of them here, so the rows here say nothing. */
function withSamples(run: Run, samples: number | undefined): Run {
  if (samples === undefined) return run;
  return { ...run, datasets: run.datasets.map((dataset) => ({ ...dataset, rows: undefined })) };
}

/** The public shape: every field there, null where it isn't known. */
function publicShape(planned: Plan): object {
  const { schedule, memory, throughput, advice } = runPlan(planned);
  return {
    schedule: {
      trainSamples: null,
      evalSamples: null,
      optimizerStepsPerEpoch: null,
      optimizerSteps: null,
      warmupSteps: null,
      ...schedule,
    },
    memory: memory === undefined ? null : { ...memory, gpu: { ...memory.gpu, verdict: memory.gpu.verdict ?? null } },
    throughput: throughput ?? null,
    advice,
  };
}
