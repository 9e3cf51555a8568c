import type { Run } from '../run/run';
import { type Arguments, isOn } from './effective-arguments';

/** What is known of a run's model: its shape, or why it has none. */
type KnownModel = Pick<Run, 'model' | 'unplanned'>;

/**
 * A model as a run can be planned with it: KTransformers computes the experts on the host, by rules of its own, so that
 * neither memory nor speed follow from the model's shape.
 */
export function plannedModel(run: Arguments, known: KnownModel): KnownModel {
  if (!('use_kt' in run.args) || !isOn(run, 'use_kt')) return known;
  return { unplanned: 'KTransformers (use_kt) keeps experts on the host, how many is not known here' };
}
