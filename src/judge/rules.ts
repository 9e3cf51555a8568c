import type { Finding } from '../run/finding';
import type { Run } from '../run/run';
import { guarded } from './guarded';
import type { Rule } from './rule';
import { rule as argumentChoice } from './rules/arguments/argument-choice';
import { rule as argumentType } from './rules/arguments/argument-type';
import { rule as brokenInterpolation } from './rules/arguments/broken-interpolation';
import { rule as earlyStopping } from './rules/arguments/early-stopping';
import { rule as evaluationsNeverFire } from './rules/arguments/evaluations-never-fire';
import { rule as gradientCheckpointingStaysOn } from './rules/arguments/gradient-checkpointing-stays-on';
import { rule as noEffectArguments } from './rules/arguments/no-effect-arguments';
import { rule as nothingToDo } from './rules/arguments/nothing-to-do';
import { rule as otherCommandArgument } from './rules/arguments/other-command-argument';
import { rule as overwriteOutputDir } from './rules/arguments/overwrite-output-dir';
import { rule as reportToUnknown } from './rules/arguments/report-to-unknown';
import { rule as reportToUnset } from './rules/arguments/report-to-unset';
import { rule as resumeFromCheckpoint } from './rules/arguments/resume-from-checkpoint';
import { rule as saveOnlyModel } from './rules/arguments/save-only-model';
import { rule as savesNeverFire } from './rules/arguments/saves-never-fire';
import { rule as secretArgument } from './rules/arguments/secret-argument';
import { rule as unresolvedInterpolation } from './rules/arguments/unresolved-interpolation';
import { rule as datasetInfoKeys } from './rules/data/dataset-info-keys';
import { rule as datasetRows } from './rules/data/dataset-rows';
import { rule as datasetStage } from './rules/data/dataset-stage';
import { rule as duplicateRows } from './rules/data/duplicate-rows';
import { rule as emptyAnswers } from './rules/data/empty-answers';
import { rule as maxSamplesBelowRows } from './rules/data/max-samples-below-rows';
import { rule as neatPackingBatch } from './rules/data/neat-packing-batch';
import { rule as rowsAboveCutoff } from './rules/data/rows-above-cutoff';
import { rule as sharegptTagsIncomplete } from './rules/data/sharegpt-tags-incomplete';
import { rule as trainOnPromptTemplate } from './rules/data/train-on-prompt-template';
import { rule as valSizeLeavesNothing } from './rules/data/val-size-leaves-nothing';
import { rule as workersAboveRows } from './rules/data/workers-above-rows';
import { rule as deepspeedInertSection } from './rules/deepspeed/deepspeed-inert-section';
import { rule as deepspeedMismatch } from './rules/deepspeed/deepspeed-mismatch';
import { rule as deepspeedMissingKeys } from './rules/deepspeed/deepspeed-missing-keys';
import { rule as deepspeedOptimizerBypass } from './rules/deepspeed/deepspeed-optimizer-bypass';
import { rule as fsdpWithDeepspeed } from './rules/deepspeed/fsdp-with-deepspeed';
import { rule as offloadNeedsCompiler } from './rules/deepspeed/offload-needs-compiler';
import { rule as bf16Unsupported } from './rules/hardware/bf16-unsupported';
import { rule as flashAttentionUnsupported } from './rules/hardware/flash-attention-unsupported';
import { rule as gpuMemory } from './rules/hardware/gpu-memory';
import { rule as imageLacksPackage } from './rules/hardware/image-lacks-package';
import { rule as chatmlTemplate } from './rules/model/chatml-template';
import { rule as doraOnQuantized } from './rules/model/dora-on-quantized';
import { rule as loraTargetUnknown } from './rules/model/lora-target-unknown';
import { rule as quantizationWithoutEffect } from './rules/model/quantization-without-effect';
import { rule as templateMismatch } from './rules/model/template-mismatch';
import { rule as thinkingWithoutCot } from './rules/model/thinking-without-cot';
import { rule as hostPath } from './rules/paths/host-path';
import { rule as hostVirtualEnvironment } from './rules/paths/host-virtual-environment';
import { rule as pathWithBlank } from './rules/paths/path-with-blank';
import { rule as relativePath } from './rules/paths/relative-path';

/** Every check beyond the parser's own. */
export const RULES: readonly Rule[] = [
  argumentType,
  argumentChoice,
  secretArgument,
  brokenInterpolation,
  unresolvedInterpolation,
  nothingToDo,
  otherCommandArgument,
  quantizationWithoutEffect,
  doraOnQuantized,
  loraTargetUnknown,
  neatPackingBatch,
  bf16Unsupported,
  flashAttentionUnsupported,
  imageLacksPackage,
  gpuMemory,
  fsdpWithDeepspeed,
  deepspeedMissingKeys,
  deepspeedMismatch,
  deepspeedInertSection,
  deepspeedOptimizerBypass,
  offloadNeedsCompiler,
  savesNeverFire,
  evaluationsNeverFire,
  earlyStopping,
  overwriteOutputDir,
  resumeFromCheckpoint,
  saveOnlyModel,
  reportToUnset,
  reportToUnknown,
  gradientCheckpointingStaysOn,
  noEffectArguments,
  chatmlTemplate,
  templateMismatch,
  thinkingWithoutCot,
  trainOnPromptTemplate,
  datasetStage,
  datasetInfoKeys,
  sharegptTagsIncomplete,
  datasetRows,
  valSizeLeavesNothing,
  duplicateRows,
  emptyAnswers,
  rowsAboveCutoff,
  maxSamplesBelowRows,
  workersAboveRows,
  pathWithBlank,
  relativePath,
  hostPath,
  hostVirtualEnvironment,
];

/** What the rules find. */
export function checkRules(run: Run): Finding[] {
  const rules = (run.kind ?? 'train') === 'train' ? RULES : RULES.filter(({ everyKind }) => everyKind);
  return rules.flatMap((rule) => guarded(run.path, rule.id, () => rule.check(run)));
}
