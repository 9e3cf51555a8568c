import type { Construct } from 'constructs';
import { objectName } from '../kubernetes/names';

/** The ids that stand for "the thing itself" and add nothing to a name or a path. */
const SILENT_IDS = new Set(['', 'Resource', 'Default']);

/** The path as a person calls it: without the ids that name no one. */
export function constructPath(construct: Construct): string {
  return nameParts(construct).join('/');
}

/** The name of a construct's object: its path, chart included, and more parts, as a DNS label. */
export function constructName(
  construct: Construct,
  options: { parts?: readonly string[]; suffix?: string } = {},
): string {
  return objectName([...nameParts(construct), ...(options.parts ?? [])], options);
}

/** What a construct's name is made from: the ids of its path, without those that name no one. */
export function nameParts(construct: Construct): string[] {
  return construct.node.path.split('/').filter((id) => !SILENT_IDS.has(id));
}
