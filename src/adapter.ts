import type { MountedAdapter } from './job/request';
import { directoryProblems, objectNameProblems } from './kubernetes/name-problems';
import { PATHS } from './kubernetes/training-pod';
import type { Problem } from './run/finding';
import { argumentProblems, checkedProps } from './run/props';
import { withoutTrailingSlashes } from './run/trailing-slashes';

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

  private constructor(
    /** @internal */
    public readonly _mounted: MountedAdapter,
    /** @internal */
    public readonly _problems: readonly Problem[],
  ) {}
}
