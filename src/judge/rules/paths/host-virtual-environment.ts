import { positionOf } from '../../../llamafactory/position';
import { Severity } from '../../../run/finding';
import { found } from '../../found';
import type { Rule } from '../../rule';

const HOME = String.raw`(?:~|\$HOME|\$\{HOME\}|/home/[^/\s]+|/Users/[^/\s]+|/root)`;
/** A program or an activate script in a folder `bin` under somebody's home. */
const ENVIRONMENT = new RegExp(String.raw`(?<![\w$}~/.-])["']?(${HOME}/[^\s"';&|]*?)/bin/(?:activate|[\w.-]+)`, 'g');

export const rule: Rule = {
  id: 'host-virtual-environment',
  severity: Severity.WARNING,
  reason: "A virtual environment in somebody's home folder is one of one machine: a pod has what its image has.",
  source: 'Kubernetes: a container sees its image and its volumes alone',
  check(run) {
    const script = run.launchScript;
    if (script === undefined) return [];
    const code = script.text.replace(/^[ \t]*#.*$/gm, '');
    const environments = new Map(
      [...code.matchAll(ENVIRONMENT)]
        .reverse()
        .map((match) => [(match[1] ?? '').replace(/^\$\{?HOME\}?/, '~'), positionOf(code, match.index)]),
    );
    return [...environments].reverse().map(([environment, { line }]) =>
      found(rule, run, {
        key: script.file,
        message: 'the launch script uses a virtual environment that no pod has',
        got: environment,
        place: { file: script.file, line },
        change: 'leave it out: the image has the trainer; or name one inside the image',
      }),
    );
  },
};
