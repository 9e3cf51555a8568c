import { resolve } from 'node:path';
import type { ConfigArguments } from './job/request';
import { loadYaml } from './llamafactory/load';
import { ownerOf } from './llamafactory/owned-arguments';
import { type FileText, LARGEST_CONFIG, readText } from './llamafactory/read-text';
import type { Problem } from './run/finding';
import { argumentProblems } from './run/props';
import type { Release } from './run/releases';

/**
 * A train config that exists: LLaMA-Factory's own YAML in its own spelling, given to a run by the prop `trainConfig`.
 *
 * Every argument goes through to the trainer as it stands, also in the forms that `train` doesn't type, except those
 * that constructs set: `model_name_or_path`, `adapter_name_or_path`, `dataset`, `eval_dataset`, `dataset_dir`,
 * `output_dir`, `deepspeed`, `cache_dir` and `tokenized_path`. Those are left out, and a warning says which props stand
 * for them.
 */
export class TrainConfig {
  /**
   * A YAML file. It is read at once and never again; what is wrong with it is found at synth.
   * @param path the file, relative to the working directory
   */
  public static fromYaml(path: string): TrainConfig {
    const [unsound] = argumentProblems({ kind: 'string' }, path, 'trainConfig');
    if (unsound !== undefined) return new TrainConfig('', unsound);
    return new TrainConfig(path, readText(resolve(path), LARGEST_CONFIG));
  }

  private readonly loaded = new Map<Release, ConfigArguments>();

  private constructor(
    /** The file, as it was given. */
    public readonly path: string,
    private readonly text: FileText | Problem,
  ) {}

  /**
   * The file as a release's loader reads it.
   * @internal
   */
  public _read(release: Release): ConfigArguments {
    let read = this.loaded.get(release);
    if (read === undefined) {
      read = this.readAs(release);
      this.loaded.set(release, read);
    }
    return read;
  }

  /**
   * Whether the file trains with DeepSpeed.
   * @internal
   */
  public _usesDeepSpeed(release: Release): boolean {
    return 'deepspeed' in this._read(release).owned;
  }

  private readAs(release: Release): ConfigArguments {
    const { text } = this;
    if ('message' in text) return nothing([text]);
    return 'text' in text ? this.load(text.text, release) : nothing([this.unreadable(text)]);
  }

  private load(text: string, release: Release): ConfigArguments {
    const { root, args, floats, findings } = loadYaml(text, release, this.path);
    const problems = findings.map(({ id, message, place, source }) => ({
      ...this.problem(id, message, source),
      place,
    }));
    if (root !== 'mapping') return nothing(problems);
    const entries = Object.entries(args);
    return {
      readable: true,
      args: Object.fromEntries(entries.filter(([key]) => ownerOf(key) === undefined)),
      floats,
      owned: Object.fromEntries(entries.filter(([key, value]) => ownerOf(key) !== undefined && !isEmpty(value))),
      problems,
    };
  }

  private unreadable({ id, fault }: { readonly id: Problem['id']; readonly fault: string }): Problem {
    return this.problem(id, `the train config can't be read: ${fault}`);
  }

  private problem(id: Problem['id'], message: string, source?: string): Problem {
    return { id, key: 'trainConfig', message, got: this.path, ...(source === undefined ? {} : { source }) };
  }
}

/** `adapter_name_or_path: null` says nothing that a run without the key doesn't do. */
function isEmpty(value: unknown): boolean {
  return value === null || value === '';
}

function nothing(problems: readonly Problem[]): ConfigArguments {
  return { readable: false, args: {}, floats: new Set(), owned: {}, problems };
}
