import { join } from 'node:path';
import { exitClasses } from '../../src/kubernetes/failure-policy';
import { type Ended, folder, PATH, RUNTIME, run, textOf, write } from './programs';

export const LAUNCH = join(RUNTIME, 'launch.sh');
export const MESSAGES = join(__dirname, 'messages');

/** A folder with a fake llamafactory-cli, and the variables the pod would set. */
export function pod(trainer: string, variables: Record<string, string> = {}) {
  const place = folder();
  write(join(place, 'bin', 'llamafactory-cli'), `#!/bin/bash\n${trainer}\n`, 0o755);
  const env: Record<string, string> = {
    PATH: `${join(place, 'bin')}:${PATH}`,
    TRAIN_CONFIG: write(join(place, '配置 文件', 'train_config.yaml'), 'stage: sft\n'),
    OUTPUT_DIR: join(place, '输出 folder'),
    TERMINATION_LOG: join(place, 'termination-log'),
    TMPDIR: place,
    PLACE: place,
    ...variables,
  };
  return { place, env, output: env.OUTPUT_DIR ?? '', message: () => textOf(join(place, 'termination-log')) };
}

/** Runs launch.sh to its end. */
export const launch = (env: Record<string, string>): Promise<Ended> => run('bash', [LAUNCH], env);

/** The exit code of a class of exit-codes.json. */
export const codeOf = (name: string): number | undefined => exitClasses().find((entry) => entry.name === name)?.code;
