import { KINDS } from '../llamafactory/config-kind';
import { type Finding, Severity } from '../run/finding';
import type { Run } from '../run/run';

/** That a config isn't one to train, where one is needed; undefined: it is. */
export function otherConfig({ kind = 'train', path }: Pick<Run, 'kind' | 'path'>, asked: string): Finding | undefined {
  if (kind === 'train') return undefined;
  const { purpose, startedBy } = KINDS[kind];
  return {
    id: 'other-config',
    severity: Severity.ERROR,
    path,
    key: '',
    message: `the file is a config ${purpose}, for ${startedBy}, and ${asked}`,
    change:
      kind === 'webui'
        ? 'take the training_args.yaml in the output folder'
        : 'name the train config; lint judges this one',
  };
}
