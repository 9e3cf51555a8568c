import type { ApiObject, Chart } from 'cdk8s';
import { isLabelValue } from '../kubernetes/name-problems';
import { canonicalJson } from '../run/digest';
import type { Mapping } from '../run/run';

/** Before the name of an argument. */
const PREFIX = 'train.cdk8s-llamafactory';

/** The Job of a run, and the arguments that its result depends on. */
interface TrainingRun {
  readonly job: ApiObject;
  readonly args: Mapping;
}

/** The runs that are compared so far. */
interface Sweep {
  readonly runs: TrainingRun[];
  /** The arguments that all runs have, each with the same value. */
  readonly same: Map<string, string | undefined>;
  /** Those in which some differ. */
  readonly differing: Set<string>;
}

const sweeps = new WeakMap<Chart, Map<string, Sweep>>();

/**
 * Labels the Jobs of a chart's runs on the same model and data with the arguments in which they differ. Of a value that
 * no label can hold it makes an annotation. Both stand on the Job alone, whose labels may change while it runs.
 * @param sweep what the runs that are compared have in common
 */
export function labelDifferences(chart: Chart, sweep: string, run: TrainingRun): void {
  const known = sweeps.get(chart) ?? new Map<string, Sweep>();
  sweeps.set(chart, known);
  const before = known.get(sweep);
  if (before === undefined) {
    const same = new Map(Object.entries(run.args).map(([name, value]) => [name, textOf(value)]));
    known.set(sweep, { runs: [run], same, differing: new Set() });
    return;
  }
  const { runs, same, differing } = before;
  runs.push(run);
  for (const name of differing) addTo(run, name);
  for (const name of new Set([...same.keys(), ...Object.keys(run.args)])) {
    if (differing.has(name) || same.get(name) === textOf(run.args[name])) continue;
    same.delete(name);
    differing.add(name);
    for (const each of runs) addTo(each, name);
  }
}

function addTo({ job, args }: TrainingRun, name: string): void {
  const value = textOf(args[name]);
  if (value === undefined) return;
  if (isLabelValue(value)) job.metadata.addLabel(`${PREFIX}/${name}`, value);
  else job.metadata.addAnnotation(`${PREFIX}/${name}`, value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || value === undefined ? value : canonicalJson(value);
}
