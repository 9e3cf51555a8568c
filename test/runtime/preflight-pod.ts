import { join } from 'node:path';
import { folder, RUNTIME, textOf, write } from './programs';

export const PREFLIGHT = join(RUNTIME, 'preflight.py');

/** The variables that the pod would set, and the places they name. */
export function preflightPod(config: Readonly<Record<string, unknown>> = {}, variables: Record<string, string> = {}) {
  const root = folder();
  const tokenized = join(root, 'saves', '.tokenized', 'run');
  const directory = join(root, 'saves', '.preflight', 'look');
  const args = { tokenized_path: tokenized, output_dir: join(root, 'saves', 'run'), ...config };
  const env = {
    // JSON is YAML.
    TRAIN_CONFIG: write(join(root, 'train_config.yaml'), JSON.stringify(args)),
    OUTPUT_DIR: args.output_dir,
    NPROC_PER_NODE: '4',
    COMPUTE_CAPABILITY: '7.5',
    PREFLIGHT_DIR: directory,
    PREFLIGHT_CPUS: '2',
    TERMINATION_LOG: join(root, 'termination-log'),
    HOME: root,
    TMPDIR: root,
    ...variables,
  };
  return {
    root,
    env,
    tokenized,
    message: () => textOf(env.TERMINATION_LOG),
    failed: () => textOf(join(directory, '.failed')),
    marker: () => textOf(join(directory, '.complete')),
    failedFile: join(directory, '.failed'),
  };
}
