import { maskedLines, secretOf } from '../../judge/secrets';
import { launcherEnv, OWNED_VARIABLES, writablePlaces } from '../../kubernetes/trainer-env';
import { type Finding, Severity } from '../../run/finding';
import type { Mapping } from '../../run/run';
import type { Change } from './changes';
import type { LaunchSettings } from './launch-script';

/** A launch script's environment as a program says it. */
export interface ImportedEnvironment {
  /** The prop `env`. */
  readonly env: Mapping;
  readonly changes: readonly Change[];
  readonly findings: readonly Omit<Finding, 'path'>[];
}

/** What other props and the launcher say. */
const SAID: Readonly<Record<string, string>> = {
  CUDA_VISIBLE_DEVICES: 'nodePool counts the GPUs',
  USE_MODELSCOPE_HUB: 'the source of modelCache names the hub',
  HF_ENDPOINT: 'the source of modelCache names the endpoint',
  PYTHONPATH: 'the prop code takes Python files',
  VENV: 'the prop virtualEnvironment names it',
};
/** What makes a shell find its way on one machine. */
const MACHINE = ['PATH', 'LD_LIBRARY_PATH', 'VIRTUAL_ENV', 'CONDA_PREFIX', 'CUDA_HOME'];

/** What of a launch script's variables goes on, and what doesn't. */
export function importedEnvironment(file: string, settings: LaunchSettings): ImportedEnvironment {
  const pod = new Set([...Object.keys(SAID), ...MACHINE, ...Object.keys({ ...OWNED_VARIABLES, ...podVariables() })]);
  const exported = [...settings.variables].filter(([name]) => settings.exported.has(name));
  const given = exported.filter(([name, value]) => !isSaid(name) && secretOf(name, value) === undefined);
  const local = [...settings.variables.keys()].filter((name) => !settings.exported.has(name));
  const env = given.filter(([name]) => !pod.has(name));
  const ofPod = given.filter(([name]) => pod.has(name)).map(([name]) => name);
  const secrets = secretVariables(settings);
  const overrides = settings.overrides.map(maskedLines);
  const left = (names: readonly string[], why: string): Change[] =>
    names.length === 0 ? [] : [{ file, key: names.join(', '), text: `left out: ${why}` }];
  return {
    env: Object.fromEntries(env),
    changes: [
      ...exported.flatMap(([name]) => {
        const why = Object.hasOwn(SAID, name) ? SAID[name] : undefined;
        return why === undefined ? [] : [{ file, key: name, text: `not in env: ${why}` }];
      }),
      ...left(ofPod, 'the pod sets its own'),
      ...left(local, 'not exported, so the script alone reads it'),
      ...left(settings.conditional, 'whether or where it is set a shell alone knows; props: env'),
      ...left(settings.options, 'the launcher of the pod has options of its own, and the train config the arguments'),
      ...left(settings.computed, 'its value is known to a shell alone; props: env, code, virtualEnvironment'),
      ...left(secrets, 'a secret has no place in a manifest'),
      ...left(overrides, 'arguments on the command line are not taken over'),
    ],
    findings: [
      ...leftOut(file, [
        ...exported.map(([name]) => name).filter((name) => ['PYTHONPATH', 'VENV'].includes(name)),
        ...settings.computed,
        ...settings.conditional,
        ...settings.options,
      ]),
      ...secrets.map((name) =>
        warning(file, `${name} is a secret, and a manifest shows what env holds: it is left out`, {
          change: 'put it into a Secret; Source takes the token of a hub from one',
        }),
      ),
      ...(settings.overrides.length === 0
        ? []
        : [
            warning(
              file,
              'the command line replaces arguments of the train config, and the program has those of the file',
              {
                got: overrides.join(' '),
                change: 'set them in train',
              },
            ),
          ]),
      ...((settings.nodes ?? 1) > 1
        ? [warning(file, `the script trains on ${settings.nodes} nodes, and the program on one`, {})]
        : []),
    ],
  };
}

/** Variables of the script that hold a secret, whoever reads them. */
export function secretVariables({ variables, exported }: LaunchSettings): string[] {
  return [...variables]
    .filter(([name, value]) => (exported.has(name) || isSaid(name)) && secretOf(name, value) !== undefined)
    .map(([name]) => name);
}

function isSaid(name: string): boolean {
  return Object.hasOwn(SAID, name);
}

/** What the script says and no prop does. */
function leftOut(file: string, names: readonly string[]): Omit<Finding, 'path'>[] {
  if (names.length === 0) return [];
  return [
    warning(file, 'the script says what only a shell or its launcher knows, and the program does without', {
      got: names.join(', '),
      change: 'see whether the run needs it: props env, code, virtualEnvironment and train',
    }),
  ];
}

function podVariables(): Mapping {
  const launcher = launcherEnv({ nodes: 1, gpus: 1, cpus: 1, trainConfig: '', outputDir: '', pythonPath: [] });
  return { ...writablePlaces(), ...launcher };
}

function warning(key: string, message: string, more: Partial<Finding>): Omit<Finding, 'path'> {
  return { id: 'import-launch-script', severity: Severity.WARNING, key, message, ...more };
}
