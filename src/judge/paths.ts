import type { Run } from '../run/run';

/** Arguments that are paths in every case. */
const PATHS = [
  'output_dir',
  'dataset_dir',
  'deepspeed',
  'cache_dir',
  'tokenized_path',
  'media_dir',
  'logging_dir',
  'resume_from_checkpoint',
  'new_special_tokens_config',
];

/** Arguments that are a path, or a name on a hub. */
const NAMES = ['model_name_or_path', 'adapter_name_or_path', 'ref_model', 'reward_model'];

/** An argument and one path in it. */
export interface PathArgument {
  readonly key: string;
  readonly path: string;
}

/** The paths among the arguments of a run; what may be a name on a hub counts if it is written as a path. */
export function pathsOf(run: Run): PathArgument[] {
  const paths: PathArgument[] = [];
  for (const key of PATHS) {
    const path = textOf(run, key);
    if (path !== '' && !(key === 'dataset_dir' && /^(ONLINE$|REMOTE:)/.test(path))) paths.push({ key, path });
  }
  for (const key of NAMES) {
    const path = textOf(run, key);
    if (/^(\.{0,2}\/|~|[A-Za-z]:[\\/])/.test(path)) paths.push({ key, path });
  }
  return paths;
}

function textOf(run: Run, key: string): string {
  const value = run.args[key];
  return typeof value === 'string' ? value : '';
}
