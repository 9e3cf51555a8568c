/**
 * How training waits for the prepare Job and for preflight, and so what its GPUs do meanwhile. A pod's GPUs are taken
 * when it is scheduled, before its init containers run.
 *
 * | gate | files to apply | who waits | GPUs until training can start |
 * |---|---|---|---|
 * | `Gate.wait()` | all at once | an init container of the training pod | held |
 * | `Gate.waves()` | two steps, by Argo CD, Flux or `kubectl wait` | whoever applies | free |
 *
 * Neither writes `spec.suspend`: applying a manifest with it once more would stop a run that something else started.
 */
export class Gate {
  /**
   * One apply. The training pod is scheduled at once, and an init container waits for the prepare Job and for
   * preflight to finish, at most `prepareTimeout`. The pod's GPUs are held from then on: for the minutes or hours that
   * fetching the model takes, the first time.
   */
  public static wait(): Gate {
    return new Gate(false);
  }

  /**
   * Two applies: everything else, then the training Job. It stands with its network policy in a file of its own,
   * `<chart>-train.k8s.yaml`, and is in Argo CD's sync wave 1, everything else in wave 0. The training pod's init
   * container only looks whether everything is there: if not, it fails in seconds and says what is missing. GPUs are
   * held from when they can be used. docs/gitops.md has the commands.
   */
  public static waves(): Gate {
    return new Gate(true);
  }

  private constructor(
    /** @internal */
    public readonly _waves: boolean,
  ) {}
}
