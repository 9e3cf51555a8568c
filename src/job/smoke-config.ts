import { textOf } from '../llamafactory/effective-arguments';
import { fieldsOf } from '../llamafactory/fields';
import { parse } from '../llamafactory/parser/parse';
import { settingsOf } from '../planning/settings';
import { type Finding, Severity } from '../run/finding';
import type { Mapping, Run } from '../run/run';

/** Optimizer steps of a smoke run: the first allocates, the second reuses, the third shows that it goes on. */
export const SMOKE_STEPS = 3;

/** The smoke run's own places: launch.sh makes the data there from the longest samples, and nothing of it is kept. */
export const SMOKE_DATA = '/tmp/smoke/data';
export const SMOKE_OUTPUT = '/tmp/smoke/output';

/** Left out: evaluating, saving, resuming and reporting are no part of a smoke run. */
const LEFT_OUT =
  /^(do_eval|do_predict|predict_with_generate|val_size|load_best_model_at_end|metric_for_best_model|greater_is_better|early_stopping_steps|resume_from_checkpoint|tokenized_path|num_train_epochs|run_name|eval_.*|save_.*|hub_.*|push_to_hub.*|use_swanlab|swanlab_.*|per_device_eval_batch_size)$/;

/**
 * The train arguments of a few steps on the longest samples: the same model, method, batch and lengths, since what runs
 * out of memory or comes out as NaN must do so here, and accumulation, but no more of it than shows that it works.
 */
export function smokeRun(run: Run): Run {
  const kept = Object.entries(run.args).filter(([key]) => !LEFT_OUT.test(key));
  const { accumulation } = settingsOf(run);
  const args: Mapping = {
    ...Object.fromEntries(kept),
    dataset_dir: SMOKE_DATA,
    output_dir: SMOKE_OUTPUT,
    max_steps: SMOKE_STEPS,
    gradient_accumulation_steps: Math.min(accumulation, 2),
    save_strategy: 'no',
    logging_steps: 1,
    plot_loss: false,
    report_to: 'none',
    ...(fieldsOf(run.release).get('overwrite_output_dir')?.settable ? { overwrite_output_dir: true } : {}),
  };
  return { ...run, file: 'smoke_config.yaml', args, datasets: run.datasets.filter(({ evaluation }) => !evaluation) };
}

/** Samples that the smoke run's steps take, on all GPUs together. */
export function smokeRows(smoke: Run): number {
  const { trainBatch, accumulation, worldSize } = settingsOf(smoke);
  return trainBatch * accumulation * worldSize * SMOKE_STEPS;
}

/** What the trainer's parser would refuse in the smoke run and not in the run itself, and what only a whole run can do. */
export function smokeFindings(run: Run, smoke: Run): Finding[] {
  const known = new Set(parse(run).findings.map(({ id, key }) => `${id} ${key}`));
  const refused = parse(smoke)
    .findings.filter(({ id, key }) => !known.has(`${id} ${key}`))
    .map((finding) => ({ ...finding, key: 'smoke', message: `in smoke_config.yaml: ${finding.message}` }));
  const method = textOf(run, 'finetuning_type');
  if (method !== 'full' && method !== 'freeze') return refused;
  return [
    ...refused,
    {
      id: 'contradictory-props',
      severity: Severity.ERROR,
      path: run.path,
      key: 'smoke',
      message:
        'the trainer saves the whole model at the end of each run, and /tmp, where the smoke run saves, is too small',
      got: `finetuning_type: ${method}`,
      allowed: 'lora or oft',
      change: 'take smoke out, and try the run with maxSteps: 3 instead',
    },
  ];
}
