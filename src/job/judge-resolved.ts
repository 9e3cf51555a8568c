import { type Acknowledged, acknowledge } from '../judge/acknowledgements';
import { checkRun } from '../judge/check-run';
import { checkResolved } from './checks';
import type { ResolvedRun } from './resolve';

/** What is found in a run that constructs make, and the reasons that silenced something. */
export function judgeResolved(resolved: ResolvedRun): {
  findings: Acknowledged['findings'];
  acknowledged: Acknowledged['used'];
} {
  const { run, written, trainConfig } = resolved;
  const found = [
    // Of a file that holds nothing all that can be said is that.
    ...(trainConfig?.readable === false ? [] : checkRun(run, written)),
    ...checkResolved(resolved),
  ];
  const { findings, used } = acknowledge(found, resolved.acknowledge, run.path);
  return { findings, acknowledged: used };
}
