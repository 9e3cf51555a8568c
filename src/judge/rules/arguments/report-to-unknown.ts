import type { Edit } from '../../../run/finding';
import { Severity } from '../../../run/finding';
import { nearest } from '../../../run/nearest';
import { isIn, type Release, type ReleaseRange } from '../../../run/releases';
import type { Run } from '../../../run/run';
import { found, setArgument } from '../../found';
import type { Rule } from '../../rule';

const TRACKERS = [
  'azure_ml',
  'clearml',
  'codecarbon',
  'comet_ml',
  'dagshub',
  'dvclive',
  'flyte',
  'mlflow',
  'neptune',
  'swanlab',
  'tensorboard',
  'wandb',
];
/** Those that came later, by the release that first brings them. */
const LATER: ReadonlyArray<ReleaseRange & { readonly tracker: string }> = [
  { tracker: 'trackio', since: '0.9.4' },
  { tracker: 'kubeflow', since: '0.9.5' },
];
/** Stand alone: in a list with others they are taken for trackers. */
const ALONE = ['all', 'none'];
/** How people write that nothing is to be reported. */
const NOTHING = /^(none|null|no|off|false|)$/i;

export const rule: Rule = {
  id: 'report-to-unknown',
  severity: Severity.ERROR,
  reason:
    'The parser takes any text for a tracker; the trainer stops at one it does not know once the model is loaded. `None` is a text in YAML, and so is "wandb,tensorboard": several trackers are a list.',
  source: 'transformers: src/transformers/integrations/integration_utils.py, get_reporting_integration_callbacks',
  check(run) {
    const given = run.args['report_to'];
    const names = Array.isArray(given) ? given.map(String) : typeof given === 'string' ? [given] : [];
    if (names.length === 0) return [];
    const known = trackersOf(run.release);
    const allowed = names.length > 1 ? known : [...known, ...ALONE];
    const unknown = names.find((name) => !allowed.includes(name));
    if (unknown === undefined) return [];
    const misplaced = ALONE.includes(unknown);
    return [
      found(rule, run, {
        key: 'report_to',
        message: misplaced
          ? `\`${unknown}\` stands beside other trackers in \`report_to\`, where it is taken for one itself`
          : `\`report_to\` names no tracker of LLaMA-Factory ${run.release}: ${unknown === '' ? 'an empty text' : unknown}`,
        got: given === '' ? undefined : given,
        allowed: `${ALONE.join(', ')}, or a list of ${known.join(', ')}`,
        fix: [meant(run, names, known)],
      }),
    ];
  },
};

function trackersOf(release: Release): readonly string[] {
  return [...TRACKERS, ...LATER.filter((later) => isIn(release, later)).map(({ tracker }) => tracker)];
}

/** The trackers that are named as well as can be told; else none. */
function meant(run: Run, names: readonly string[], known: readonly string[]): Edit {
  const parts = names.flatMap((name) => name.split(',')).map((name) => name.trim());
  const trackers = parts.flatMap((part) => (NOTHING.test(part) ? [] : (nearest(part, known) ?? [])));
  if (trackers.length > 0) return setArgument(run, 'report_to', [...new Set(trackers)]);
  return parts.some((part) => part === 'all')
    ? setArgument(run, 'report_to', 'all')
    : setArgument(run, 'report_to', 'none');
}
