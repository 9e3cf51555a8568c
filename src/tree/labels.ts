import type { Construct } from 'constructs';
import { ownLabels } from '../kubernetes/labels';
import { constructName } from './construct-name';

/** The labels of an object that a construct makes. */
export function labelsOf(construct: Construct): Record<string, string> {
  return ownLabels(constructName(construct));
}
