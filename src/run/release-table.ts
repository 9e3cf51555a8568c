/** What is installed in an image beside LLaMA-Factory and transformers: versions, undefined = not in it. */
export interface ImagePackages {
  readonly deepspeed?: string;
  readonly bitsandbytes?: string;
  readonly ligerKernel?: string;
  readonly flashAttention?: string;
  readonly tensorboard?: string;
  /** nvcc, g++ and ninja: what DeepSpeed's CPUAdam is compiled with. */
  readonly cudaToolkit: boolean;
  /** The names of what else is in it, on PyPI. */
  readonly packages?: readonly string[];
}

/** What goes with a release. */
export interface ReleaseFacts {
  /** The newest transformers it allows: what an image of it holds unless it says another. */
  readonly transformers: string;
  /** LLaMA-Factory's own image of it; undefined: none was published. */
  readonly image: ImagePackages | undefined;
}

/** What its Dockerfiles install beside LLaMA-Factory and DeepSpeed: the extra or the requirements file `metrics`. */
const METRICS = ['nltk', 'jieba', 'rouge-chinese'];

/** The LLaMA-Factory releases the library knows, oldest first. Nothing else in `src` lists them. */
export const RELEASE_TABLE = {
  '0.9.3': { transformers: '4.52.4', image: undefined },
  '0.9.4': {
    transformers: '4.57.1',
    image: { deepspeed: '0.16.9', flashAttention: '2.7.4.post1', cudaToolkit: true, packages: METRICS },
  },
  '0.9.5': {
    transformers: '5.6.0',
    image: { deepspeed: '0.18.4', flashAttention: '2.7.4.post1', cudaToolkit: true, packages: METRICS },
  },
} as const satisfies Readonly<Record<string, ReleaseFacts>>;
