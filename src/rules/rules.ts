import type { Finding } from '../finding';
import { Severity } from '../finding';
import type { Run } from '../run';
import { rule as argumentChoice } from './argument-choice';
import { rule as argumentType } from './argument-type';
import { rule as bf16Unsupported } from './bf16-unsupported';
import { rule as brokenInterpolation } from './broken-interpolation';
import { rule as chatmlTemplate } from './chatml-template';
import { rule as datasetInfoKeys } from './dataset-info-keys';
import { rule as datasetRows } from './dataset-rows';
import { rule as datasetStage } from './dataset-stage';
import { rule as deepspeedInertSection } from './deepspeed-inert-section';
import { rule as deepspeedMismatch } from './deepspeed-mismatch';
import { rule as deepspeedMissingKeys } from './deepspeed-missing-keys';
import { rule as deepspeedOptimizerBypass } from './deepspeed-optimizer-bypass';
import { rule as doraOnQuantized } from './dora-on-quantized';
import { rule as duplicateRows } from './duplicate-rows';
import { rule as earlyStopping } from './early-stopping';
import { rule as emptyAnswers } from './empty-answers';
import { rule as evaluationsNeverFire } from './evaluations-never-fire';
import { rule as flashAttentionUnsupported } from './flash-attention-unsupported';
import { rule as fsdpWithDeepspeed } from './fsdp-with-deepspeed';
import { rule as gpuMemory } from './gpu-memory';
import { rule as gradientCheckpointingStaysOn } from './gradient-checkpointing-stays-on';
import { rule as hostPath } from './host-path';
import { rule as hostVirtualEnvironment } from './host-virtual-environment';
import { rule as imageLacksPackage } from './image-lacks-package';
import { rule as loraTargetUnknown } from './lora-target-unknown';
import { rule as maxSamplesBelowRows } from './max-samples-below-rows';
import { rule as neatPackingBatch } from './neat-packing-batch';
import { rule as noEffectArguments } from './no-effect-arguments';
import { rule as nothingToDo } from './nothing-to-do';
import { rule as offloadNeedsCompiler } from './offload-needs-compiler';
import { rule as overwriteOutputDir } from './overwrite-output-dir';
import { rule as pathWithBlank } from './path-with-blank';
import { rule as quantizationWithoutEffect } from './quantization-without-effect';
import { rule as relativePath } from './relative-path';
import { rule as reportToUnknown } from './report-to-unknown';
import { rule as reportToUnset } from './report-to-unset';
import { rule as resumeFromCheckpoint } from './resume-from-checkpoint';
import { rule as rowsAboveCutoff } from './rows-above-cutoff';
import type { Rule } from './rule';
import { rule as saveOnlyModel } from './save-only-model';
import { rule as savesNeverFire } from './saves-never-fire';
import { rule as sharegptTagsIncomplete } from './sharegpt-tags-incomplete';
import { rule as thinkingWithoutCot } from './thinking-without-cot';
import { rule as trainOnPromptTemplate } from './train-on-prompt-template';
import { rule as unresolvedInterpolation } from './unresolved-interpolation';
import { rule as valSizeLeavesNothing } from './val-size-leaves-nothing';
import { rule as workersAboveRows } from './workers-above-rows';

/** Every check beyond the parser's own. */
export const RULES: readonly Rule[] = [
  argumentType,
  argumentChoice,
  brokenInterpolation,
  unresolvedInterpolation,
  nothingToDo,
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

/** What the rules find. A rule that throws becomes a finding itself, so that it hides no other. */
export function checkRules(run: Run): Finding[] {
  const findings: Finding[] = [];
  for (const rule of RULES) {
    try {
      findings.push(...rule.check(run));
    } catch (error) {
      findings.push({
        id: 'rule-failed',
        severity: Severity.WARNING,
        path: run.path,
        key: rule.id,
        message: `the rule itself failed, so this wasn't checked: ${(error as Error).message}`,
      });
    }
  }
  return findings;
}
