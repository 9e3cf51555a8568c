import type { MountedAdapter } from './job/request';
import { directoryProblems, objectNameProblems } from './kubernetes/name-problems';
import { PATHS } from './kubernetes/training-pod';
import type { Problem } from './run/finding';
import { argumentProblems, checkedProps } from './run/props';
import { withoutTrailingSlashes } from './run/trailing-slashes';
import type { Source } from './source';

/** An adapter on a claim. */
export interface AdapterClaimProps {
  /** The PersistentVolumeClaim's name, in the namespace of the chart. */
  readonly claimName: string;
  /** The adapter's directory inside the volume: where its adapter_config.json is. */
  readonly path: string;
  /**
   * What tells one state of the adapter from another: the run's identity can't see the files' bytes.
   * @default - none: an adapter changed in place continues the same run
   */
  readonly revision?: string;
}

/** An adapter of a hub or a web server. */
export interface AdapterSourceProps {
  /**
   * Where from. Of a hub its repository must be named; of a web server adapter_config.json and
   * adapter_model.safetensors.
   */
  readonly source: Source;
  /**
   * The model that its adapter_config.json must name as its base, exactly as it stands there: give it where that is a
   * path, or a quantised copy of the run's model.
   * @default - the repository of the run's model, alone or inside a path
   */
  readonly baseModel?: string;
}

/**
 * An adapter that a run goes on from, in place of a new one: LLaMA-Factory's `adapter_name_or_path`. The adapter's own
 * rank and targets hold, whatever `train` says; give `loraRank` and `loraTarget` as it was trained with, since the plan
 * takes them from there.
 */
export class Adapter {
  /**
   * What an earlier run left on the saves volume that this run writes to as well. The pod waits for that run to have
   * finished, as it waits for what is prepared.
   * @param outputDirectory the earlier run's `outputDirectory`: `/saves/finetune-math/0123456789`
   */
  public static fromSaves(outputDirectory: string): Adapter {
    const unsound = argumentProblems({ kind: 'string' }, outputDirectory, 'Adapter.fromSaves');
    if (unsound.length > 0) return new Adapter({ path: PATHS.saves, identity: undefined, markers: [] }, unsound);
    const directory = withoutTrailingSlashes(outputDirectory);
    const inside = directory.startsWith(`${PATHS.saves}/`) ? directory.slice(PATHS.saves.length + 1) : undefined;
    const problems: Problem[] =
      inside === undefined
        ? [
            {
              id: 'relative-path',
              key: 'Adapter.fromSaves',
              message: 'a directory on the saves volume is named as the pod sees it',
              got: outputDirectory,
              allowed: `a path that begins with ${PATHS.saves}/: the earlier run's outputDirectory`,
            },
          ]
        : [...directoryProblems('Adapter.fromSaves', inside)];
    return new Adapter({ path: directory, identity: inside, markers: [`${directory}/.complete`] }, problems);
  }

  /** An adapter on a claim that exists already; it is mounted read-only. */
  public static fromClaim(props: AdapterClaimProps): Adapter {
    const { sound, problems } = checkedProps('AdapterClaimProps', props, 'Adapter.fromClaim.');
    const { claimName = 'unknown', path = 'unknown', revision } = sound;
    return new Adapter(
      { path: `${PATHS.adapter}/${path}`, identity: { claim: claimName, path, revision }, claimName, markers: [] },
      [
        ...problems,
        ...objectNameProblems('Adapter.fromClaim.claimName', claimName),
        ...directoryProblems('Adapter.fromClaim.path', path),
      ],
    );
  }

  /**
   * An adapter of a hub or a web server. The CPU Job that also fetches the run's model puts it on the volume that it
   * fills, compares its files with the hashes that the source names and its base with the run's model; the training pod
   * waits for it. What is taken is adapter_config.json and adapter_model.safetensors, and nothing else.
   */
  public static fromSource(props: AdapterSourceProps): Adapter {
    const { sound, problems } = checkedProps('AdapterSourceProps', props, 'Adapter.fromSource.');
    const { source, baseModel } = sound;
    if (source === undefined) return new Adapter({ path: '', identity: undefined, markers: [] }, problems);
    const what = source._adapter();
    return new Adapter({ path: '', identity: what, markers: [], fetch: { origin: source._origin, what, baseModel } }, [
      ...problems,
      ...sourceProblems(source),
      ...baseProblems(baseModel),
    ]);
  }

  private constructor(
    /** @internal */
    public readonly _mounted: MountedAdapter,
    /** @internal */
    public readonly _problems: readonly Problem[],
  ) {}
}

/** The files of an adapter that PEFT reads, as prepare.py takes them. */
const FILES = ['adapter_config.json', 'adapter_model.safetensors'];

function sourceProblems(source: Source): Problem[] {
  const { _origin: origin } = source;
  const problem = (key: string, message: string, got: string | undefined, allowed: string): Problem[] => [
    ...source._problems,
    { id: 'invalid-source', key: `Adapter.fromSource.source.${key}`, message, got, allowed },
  ];
  if (!('files' in origin)) {
    if (origin.repository !== undefined) return source._problems;
    return problem('repository', 'an adapter has a repository of its own, and none is named', undefined, 'owner/name');
  }
  const names = Object.keys(origin.files);
  if (names.length === FILES.length && FILES.every((name) => names.includes(name))) return source._problems;
  return problem('files', 'an adapter is two files', names.join(', '), FILES.join(' and '));
}

/** What prepare.py takes no text for. */
function baseProblems(baseModel: string | undefined): Problem[] {
  if (baseModel === undefined || /^[^\p{Cc}\p{Cs}]+$/u.test(baseModel)) return [];
  return [
    {
      id: 'invalid-source',
      key: 'Adapter.fromSource.baseModel',
      message: 'an adapter is compared with the name of its base model',
      got: JSON.stringify(baseModel),
      allowed: 'the name as it stands in adapter_config.json: Qwen/Qwen3-14B',
      change: "leave it out where that is the repository of the run's model",
    },
  ];
}
