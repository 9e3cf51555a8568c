import { type Edit, EditOperation, type Place } from '../run/finding';
import { isMapping, type Mapping, type Run } from '../run/run';

/** A run's DeepSpeed config and how its keys are called in fixes. */
export interface DeepspeedConfig {
  readonly config: Mapping;
  /** Where a key stands. */
  at(key: string): Place;
  set(key: string, value: unknown): Edit;
  remove(key: string): Edit;
}

/** The DeepSpeed config of a run: a file of its own, or a mapping in the train config; undefined if there is none. */
export function deepspeedOf(run: Run): DeepspeedConfig | undefined {
  const inline = run.args['deepspeed'];
  if (run.deepspeed !== undefined) return editable(run.deepspeed.config, run.deepspeed.file, '');
  return isMapping(inline) ? editable(inline, run.file, 'deepspeed.') : undefined;
}

function editable(config: Mapping, file: string, prefix: string): DeepspeedConfig {
  return {
    config,
    at: (key) => ({ file, key: `${prefix}${key}` }),
    set: (key, value) => ({ file, key: `${prefix}${key}`, op: EditOperation.SET, value }),
    remove: (key) => ({ file, key: `${prefix}${key}`, op: EditOperation.REMOVE }),
  };
}
