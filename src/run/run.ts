import type { Card } from './card';
import type { ModelShape } from './model-shape';
import type { ImagePackages } from './release-table';
import type { Release } from './releases';

/** A JSON-like mapping, as read from YAML or JSON. */
export type Mapping = Readonly<Record<string, unknown>>;

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One data set of a run: its entry in dataset_info.json, and its rows where the file is at hand. */
export interface RunDataset {
  /** The name in `dataset` and in dataset_info.json. */
  readonly name: string;
  /** The entry in dataset_info.json; undefined if the file lacks it. */
  readonly entry?: Mapping;
  /** The rows, parsed; undefined if the file isn't at hand (on a PVC, on a hub). */
  readonly rows?: readonly unknown[];
  /** True if whoever read the rows has reported those that aren't trained on. */
  readonly rowsReported?: boolean;
  /** True if the data set is for evaluation only. */
  readonly evaluation?: boolean;
}

/** What the image that will run holds. */
export interface ImageContents extends ImagePackages {
  readonly llamafactory: Release;
  readonly transformers: string;
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
  /** What the image holds; undefined: not known. */
  readonly image?: ImageContents;
  /** Counts a text's tokens with the model's own tokenizer; undefined: its files aren't at hand. */
  readonly tokensIn?: (text: string) => number;
}
