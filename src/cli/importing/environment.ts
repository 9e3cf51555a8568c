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
const SAID = ['CUDA_VISIBLE_DEVICES', 'USE_MODELSCOPE_HUB', 'HF_ENDPOINT', 'PYTHONPATH', 'VENV'];
/** What makes a shell find its way on one machine. */
const MACHINE = ['PATH', 'LD_LIBRARY_PATH', 'VIRTUAL_ENV', 'CONDA_PREFIX', 'CUDA_HOME'];

/** What of a launch script's variables goes on, and what doesn't. */
export function importedEnvironment(file: string, settings: LaunchSettings): ImportedEnvironment {
  const pod = new Set([...SAID, ...MACHINE, ...Object.keys({ ...OWNED_VARIABLES, ...podVariables() })]);
  const given = [...settings.variables].filter(([name]) => settings.exported.has(name) && !SAID.includes(name));
  const env = given.filter(([name, value]) => !pod.has(name) && secretOf(name, value) === undefined);
  const ofPod = given
    .filter(([name, value]) => pod.has(name) && secretOf(name, value) === undefined)
    .map(([name]) => name);
  const secrets = secretVariables(settings);
  const overrides = settings.overrides.map(maskedLines);
  const left = (names: readonly string[], why: string): Change[] =>
    names.length === 0 ? [] : [{ file, key: names.join(', '), text: `left out: ${why}` }];
  return {
    env: Object.fromEntries(env),
    changes: [
      ...left(ofPod, 'the pod sets its own'),
      ...left(settings.computed, 'its value is known to a shell alone; props: env, code, virtualEnvironment'),
      ...left(secrets, 'a secret has no place in a manifest'),
      ...left(overrides, 'arguments on the command line are not taken over'),
    ],
    findings: [
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
    .filter(([name, value]) => (exported.has(name) || SAID.includes(name)) && secretOf(name, value) !== undefined)
    .map(([name]) => name);
}

function podVariables(): Mapping {
  const launcher = launcherEnv({ nodes: 1, gpus: 1, cpus: 1, trainConfig: '', outputDir: '', pythonPath: [] });
  return { ...writablePlaces(), ...launcher };
}

function warning(key: string, message: string, more: Partial<Finding>): Omit<Finding, 'path'> {
  return { id: 'import-launch-script', severity: Severity.WARNING, key, message, ...more };
}
