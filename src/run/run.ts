import type { Card } from './card';
import type { ModelShape, QuantisedFiles } from './model-shape';
import type { ImagePackages } from './release-table';
import type { Release } from './releases';

/** A JSON-like mapping, as read from YAML or JSON. */
export type Mapping = Readonly<Record<string, unknown>>;

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a config is for: to train, to merge or export, to chat or serve, to evaluate, or LLaMA Board's own. */
export type ConfigKind = 'train' | 'export' | 'inference' | 'evaluation' | 'webui';

/** One data set of a run: its entry in dataset_info.json, and its rows where the file is at hand. */
export interface RunDataset {
  /** The name in `dataset` and in dataset_info.json. */
  readonly name: string;
  /** The entry in dataset_info.json; undefined if the file lacks it. */
  readonly entry?: Mapping;
  /** The rows, parsed; undefined if the file isn't at hand (on a PVC, on a hub). */
  readonly rows?: readonly unknown[];
  /** The files that the rows come from, in their order; undefined: not known. */
  readonly files?: readonly { readonly file: string; readonly rows: number }[];
  /** True if whoever read the rows has reported those that aren't trained on. */
  readonly rowsReported?: boolean;
  /** True if the data set is for evaluation only. */
  readonly evaluation?: boolean;
}

/** What the image that will run holds. */
export interface ImageContents extends ImagePackages {
  readonly llamafactory: Release;
  readonly transformers: string;
  /** The version of ROCm that torch is built for; undefined: it is built for CUDA. */
  readonly rocm?: string;
}

/**
 * A run in plain data: everything that rules, planner and twin look at. Constructs and command line both make one;
 * nothing in it knows of cdk8s.
 */
export interface Run {
  /** Where findings point: the construct's path, or the YAML file. */
  readonly path: string;
  /** The train config's file name, for fixes. */
  readonly file: string;
  readonly release: Release;
  /** What the config is for; undefined: to train. */
  readonly kind?: ConfigKind;
  /** The train arguments in LLaMA-Factory's spelling, as the trainer will read them, paths included. */
  readonly args: Mapping;
  /** The DeepSpeed JSON `args.deepspeed` names, parsed. */
  readonly deepspeed?: { readonly file: string; readonly config: Mapping };
  readonly datasets: readonly RunDataset[];
  /** The script that starts the trainer, where its author has one; undefined: none, or not known. */
  readonly launchScript?: { readonly file: string; readonly text: string };
  /** The card; undefined: not known, card rules stay silent. */
  readonly card?: Card;
  /** GPUs on each node. */
  readonly gpus: number;
  readonly nodes: number;
  /** CPU cores that the pod asks for; undefined: not known. */
  readonly cpus?: number;
  /** The model's shape; undefined: not known, the planner can't speak. */
  readonly model?: ModelShape;
  /** Why the model has no shape, where that is known. */
  readonly unplanned?: string;
  /** How the model's files are quantised already; undefined: they are not, or it is not known. */
  readonly quantised?: QuantisedFiles;
  /** What the image holds; undefined: not known. */
  readonly image?: ImageContents;
  /** Counts a text's tokens with the model's own tokenizer; undefined: its files aren't at hand. */
  readonly tokensIn?: (text: string) => number;
}
