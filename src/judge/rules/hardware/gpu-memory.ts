import { type GpuNeed, gpuMemoryForData, gpuNeed, PLANNER_ERROR, type Verdict } from '../../../planning/memory';
import { settingsOf } from '../../../planning/settings';
import { Severity } from '../../../run/finding';
import type { Run } from '../../../run/run';
import { found } from '../../found';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'gpu-memory',
  severity: Severity.ERROR,
  reason:
    'A run that needs more than the card has dies after the model is loaded, at the first full batch, or at the first evaluation: minutes or hours after its GPUs were taken.',
  source: 'docs/evidence.md: predicted against measured',
  check(run) {
    const { model, card } = run;
    if (model === undefined || card === undefined) return [];
    const worst = gpuNeed(run, model);
    if (worst.fits === undefined || worst.fits === 'fits') return [];
    const forData = gpuMemoryForData(run, model, settingsOf(run)) ?? worst;
    const { fittingAdvice } = require('../../../planning/advice') as typeof import('../../../planning/advice');
    const advice = fittingAdvice(run, model);
    const [best] = advice;
    return [
      found(rule, run, {
        severity: SEVERITIES[forData.fits ?? 'fits'],
        key: KEYS[worst.decidedBy],
        message: messageOf(run, worst, forData),
        got: `${gigabytes(worst.stepReservedBytes)} needed`,
        allowed: `${gigabytes(worst.usableBytes ?? 0)} on a ${card.name}`,
        change: advice.map(({ message }) => message).join('; or ') || undefined,
        fix: best?.edits,
      }),
    ];
  },
};

/** By what the longest batch of the data does. */
const SEVERITIES: Readonly<Record<Verdict, Severity>> = {
  'does not fit': Severity.ERROR,
  tight: Severity.WARNING,
  fits: Severity.ADVICE,
};

/** The argument that a need hangs on first. */
const KEYS: Readonly<Record<GpuNeed['decidedBy'], string>> = {
  load: 'quantization_bit',
  step: 'per_device_train_batch_size',
  evaluation: 'per_device_eval_batch_size',
};

function messageOf(run: Run, worst: GpuNeed, forData: GpuNeed): string {
  const when = { load: 'while the model is loaded', step: 'in a step', evaluation: 'in an evaluation' }[
    worst.decidedBy
  ];
  const batch = `with sequences of cutoff_len ${settingsOf(run).cutoffLen}`;
  if (worst.fits === 'tight') {
    return `the run fits by less than the planner's own error of ${100 * PLANNER_ERROR} %, ${when} ${batch}`;
  }
  if (forData.fits === 'does not fit') return `the run doesn't fit the card, ${when} ${batch}`;
  return `the run fits with the samples it has, but not ${when} ${batch}`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
