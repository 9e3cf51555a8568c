import { PATHS } from '../../kubernetes/training-pod';
import { asNames } from '../../llamafactory/effective-arguments';
import type { Files } from '../../llamafactory/files';
import { type Finding, Severity } from '../../run/finding';
import type { Mapping } from '../../run/run';
import { shown } from './changes';
import { call, literal, object } from './literal';
import { hubOf, PATH } from './model';

/** The adapter that a train config goes on from, as a program says it. */
export interface ImportedAdapter {
  /** The prop `adapter`; undefined: a new adapter is trained. */
  readonly code?: string;
  /** What is to be said of it in the program. */
  readonly comment?: string;
  /** `adapter_name_or_path` as the run has it then. */
  readonly path?: string;
  readonly findings: readonly Omit<Finding, 'path'>[];
}

/** A claim of no name that Kubernetes takes: its synth refuses the program until it is filled in. */
const FILL_IN = 'FILL_IN';

/** Folders that runs write to, which no owner of a hub is called. */
const OUTPUTS = /^(saves?|out|outputs?|results?|runs?|checkpoints?|ckpts?|adapters?|loras?|models?|exports?)\//i;

/**
 * @param args the train arguments
 * @param env what the launch script sets
 * @param files the files seen from the train config's folder
 */
export function importedAdapter(args: Mapping, env: ReadonlyMap<string, string>, files: Files): ImportedAdapter {
  const value = args['adapter_name_or_path'];
  const names = asNames(value);
  const [name] = names;
  if (name === undefined) return (value ?? '') === '' ? { findings: [] } : unreadable(value);
  if (names.length > 1) return several(names);
  if (name.startsWith(`${PATHS.saves}/`)) return earlier(name);
  const isRepository = /^[\w.-]+\/[\w.-]+$/.test(name) && !PATH.test(name) && !OUTPUTS.test(name);
  return isRepository && files.kind(name) === undefined ? ofHub(name, args, env) : onClaim(name);
}

function unreadable(value: unknown): ImportedAdapter {
  return {
    code: onClaimCode(FILL_IN, 'adapter'),
    path: '',
    findings: [
      about(
        Severity.ERROR,
        'an adapter is named by a path or a repository, and this is neither',
        shown(value),
        'fill in Adapter.fromClaim, or take the prop adapter out of the program',
      ),
    ],
  };
}

/** LLaMA-Factory merges all but the last into the model, and goes on from that. */
function several(names: readonly string[]): ImportedAdapter {
  return {
    code: onClaimCode(FILL_IN, names.at(-1) ?? ''),
    comment: `In place of ${names.join(', ')}: a run goes on from one.`,
    path: names.join(','),
    findings: [
      about(
        Severity.ERROR,
        'the file names several adapters: LLaMA-Factory merges all but the last into the model, and a run here goes on from one',
        names.join(', '),
        'merge the others into the model, and fill in Adapter.fromClaim with the last',
      ),
    ],
  };
}

function earlier(name: string): ImportedAdapter {
  return {
    code: call('Adapter.fromSaves', literal(name)),
    path: name,
    findings: [
      about(
        Severity.WARNING,
        "the adapter is where runs of this library write: the program looks for it on the claim 'saves', which it makes",
        name,
        "name the earlier run's claim by SavesVolume.fromClaim, or its outputDirectory if both are in one program",
      ),
    ],
  };
}

function ofHub(repository: string, args: Mapping, env: ReadonlyMap<string, string>): ImportedAdapter {
  const hub = hubOf(repository, false, env);
  // LLaMA-Factory asks for an adapter at the model's revision.
  const revision = args['model_revision'];
  const source = call(
    `Source.${hub}`,
    object([
      ['repository', literal(repository)],
      ['revision', typeof revision === 'string' && revision !== 'main' ? literal(revision) : undefined],
      ['endpoint', hub === 'huggingFace' && env.has('HF_ENDPOINT') ? literal(env.get('HF_ENDPOINT')) : undefined],
    ]),
  );
  return {
    code: call('Adapter.fromSource', object([['source', source]])),
    path: `${PATHS.models}/.adapters`,
    findings: [
      about(
        Severity.WARNING,
        'no such folder is here: the adapter is taken for a repository of a hub, and a Job fetches it',
        repository,
        'name a commit by revision, since a branch may move; for a folder of one machine take Adapter.fromClaim',
      ),
    ],
  };
}

function onClaim(name: string): ImportedAdapter {
  return {
    code: onClaimCode('adapters', name),
    comment: `${name} is on one machine alone: copy it onto the claim 'adapters'.`,
    path: `${PATHS.adapter}/${folderOf(name)}`,
    findings: [
      about(
        Severity.WARNING,
        'the adapter is in a folder of one machine: the program looks for it on a claim',
        name,
        "make the claim 'adapters', copy the folder onto it, and correct its path in the program",
      ),
    ],
  };
}

function onClaimCode(claimName: string, name: string): string {
  return call('Adapter.fromClaim', literal({ claimName, path: folderOf(name) }));
}

function folderOf(name: string): string {
  return (
    name
      .split(/[\\/]/)
      .filter((part) => !['', '.', '..', '~'].includes(part))
      .at(-1) ?? 'adapter'
  );
}

function about(severity: Severity, message: string, got: string, change: string): Omit<Finding, 'path'> {
  return { id: 'import-adapter', severity, key: 'adapter', message, got, change };
}
