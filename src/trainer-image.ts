import { shownUrl } from './judge/secrets';
import { IMAGE_DIGEST, isPinned } from './kubernetes/image-reference';
import type { Problem } from './run/finding';
import { argumentProblems, checkedProps } from './run/props';
import {
  DEFAULT_IMAGE,
  DEFAULT_RELEASE,
  RELEASE_FACTS,
  RELEASES,
  RELEASES_WITH_IMAGE,
  type Release,
} from './run/releases';
import type { ImageContents } from './run/run';
import { withoutTrailingSlashes } from './run/trailing-slashes';

/** What your own image holds, so that the run can be checked against it. */
export interface TrainerImageContents {
  /**
   * The LLaMA-Factory release: `0.9.3`, `0.9.4` or `0.9.5`.
   * @default 0.9.5
   */
  readonly llamafactory?: Release;
  /**
   * The version of transformers.
   * @default - the newest that the LLaMA-Factory release allows
   */
  readonly transformers?: string;
  /**
   * The version of DeepSpeed.
   * @default - not in the image: no `deepspeed` config can be used
   */
  readonly deepspeed?: string;
  /**
   * The version of bitsandbytes.
   * @default - not in the image: the prepare Job installs it for runs that quantise with it
   */
  readonly bitsandbytes?: string;
  /**
   * The version of liger-kernel.
   * @default - not in the image: `enableLigerKernel` can't be used
   */
  readonly ligerKernel?: string;
  /**
   * The version of flash-attn.
   * @default - not in the image: `flashAttn: 'fa2'` falls back with a warning
   */
  readonly flashAttention?: string;
  /**
   * The version of tensorboard.
   * @default - not in the image: neither `tensorBoard` nor `reportTo: 'tensorboard'` can be used
   */
  readonly tensorboard?: string;
  /**
   * Whether nvcc, g++ and ninja are in it: DeepSpeed compiles its CPU optimizer with them when it offloads.
   * @default false
   */
  readonly cudaToolkit?: boolean;
  /**
   * The version of ROCm for which its torch is built, for AMD's cards.
   * @default - torch is built for CUDA
   */
  readonly rocm?: string;
  /**
   * The names on PyPI of what else is in it that arguments ask for: `unsloth`, `galore-torch`, `vllm`.
   * @default - nothing: an argument that needs a package is an error
   */
  readonly packages?: string[];
}

/** Where to pull the official image from. */
export interface OfficialImageOptions {
  /**
   * The LLaMA-Factory release: `0.9.4` or `0.9.5`; no image of 0.9.3 was published.
   * @default 0.9.5
   */
  readonly release?: Release;
  /**
   * A registry that mirrors Docker Hub, with or without a path: `registry.example.com/mirror`.
   * @default - Docker Hub
   */
  readonly registry?: string;
  /**
   * The digest of the image, which its tag then only names: `sha256:…`, as `docker buildx imagetools inspect` shows it.
   * What the run depends on is then the digest, so another one is another run.
   * @default - the release's tag alone, which is not moved
   */
  readonly digest?: string;
}

/** The container image that trains, and what it holds. */
export class TrainerImage {
  /**
   * LLaMA-Factory's own image, `hiyouga/llamafactory`, by its release tag. It has DeepSpeed, flash-attn and the CUDA
   * toolkit, but neither bitsandbytes (the prepare Job installs it) nor liger-kernel nor tensorboard. It is built to run as root at
   * `/app`; nothing of it needs root.
   * Source: LLaMA-Factory's docker/docker-cuda/Dockerfile and .github/workflows/docker.yml.
   */
  public static official(given: OfficialImageOptions = {}): TrainerImage {
    const { sound: options, problems: unsound } = checkedProps('OfficialImageOptions', given, 'TrainerImage.official.');
    const [release, problems] = knownRelease('TrainerImage.official.release', options.release);
    const { image, transformers } = RELEASE_FACTS[release];
    if (image === undefined) {
      problems.push({
        id: 'unknown-release',
        key: 'TrainerImage.official.release',
        message: 'no official image of this release was published',
        got: release,
        allowed: RELEASES_WITH_IMAGE.join(', '),
        change: 'take a newer release, or your own image by TrainerImage.custom',
      });
    }
    const prefix = options.registry === undefined ? '' : `${withoutTrailingSlashes(options.registry)}/`;
    const contents: ImageContents = {
      llamafactory: release,
      transformers,
      ...(image ?? DEFAULT_IMAGE),
    };
    const { digest } = options;
    if (digest !== undefined && !IMAGE_DIGEST.test(digest)) {
      problems.push({
        id: 'image-not-pinned',
        key: 'TrainerImage.official.digest',
        message: 'this is no digest of an image',
        got: JSON.stringify(digest),
        allowed: 'sha256: and 64 hexadecimal digits',
      });
    }
    const reference = `hiyouga/llamafactory:${release}${digest === undefined ? '' : `@${digest}`}`;
    return new TrainerImage(`${prefix}${reference}`, reference, contents, [...unsound, ...problems]);
  }

  /**
   * Your own image.
   * @param image the reference, with a tag other than `latest`, or better a digest: `registry.example.com/trainer@sha256:…`
   */
  public static custom(image: string, given: TrainerImageContents = {}): TrainerImage {
    const at = 'TrainerImage.custom';
    const unsound = argumentProblems({ kind: 'string' }, image, at);
    if (unsound.length > 0) return TrainerImage.custom('unknown:unknown', given).with(unsound);
    const { sound: contents, problems: wrong } = checkedProps('TrainerImageContents', given, `${at}.`);
    const [release, problems] = knownRelease('TrainerImage.custom.llamafactory', contents.llamafactory);
    if (!isPinned(image)) {
      problems.push({
        id: 'image-not-pinned',
        key: 'TrainerImage.custom',
        message: 'the image may change under the run: its reference has no tag, or the tag latest',
        got: image.indexOf('@') < image.indexOf('/') ? shownUrl(image) : image,
        allowed: 'name:tag, or name@sha256:…',
        change: 'name a release tag or a digest',
      });
    }
    const filled: ImageContents = {
      ...contents,
      llamafactory: release,
      transformers: contents.transformers ?? RELEASE_FACTS[release].transformers,
      cudaToolkit: contents.cudaToolkit ?? false,
    };
    return new TrainerImage(image, image, filled, [...wrong, ...problems]);
  }

  private constructor(
    /** The image's reference, as the pod names it. */
    public readonly reference: string,
    /**
     * What the result of a run depends on: the reference without the mirror it is pulled from.
     * @internal
     */
    public readonly _identity: string,
    /** @internal */
    public readonly _contents: ImageContents,
    /** @internal */
    public readonly _problems: readonly Problem[],
  ) {}

  private with(problems: readonly Problem[]): TrainerImage {
    return new TrainerImage(this.reference, this._identity, this._contents, [...problems, ...this._problems]);
  }
}

/** The release and what is wrong with it; an unknown one is taken as the default, so that the rest can be checked. */
function knownRelease(key: string, release: string = DEFAULT_RELEASE): [Release, Problem[]] {
  const found = RELEASES.find((known) => known === release);
  if (found !== undefined) return [found, []];
  const problem: Problem = {
    id: 'unknown-release',
    key,
    message: 'this LLaMA-Factory release is not known',
    got: release,
    allowed: RELEASES.join(', '),
  };
  return [DEFAULT_RELEASE, [problem]];
}
