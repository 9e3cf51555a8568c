/** An argument that constructs set. */
interface OwnedArgument {
  /** The prop at which findings on it point. */
  readonly prop: string;
  /**
   * The props that say what it is set to, in words.
   * @default - `prop`
   */
  readonly props?: string;
  /** Whether it says where things are, not what is trained. */
  readonly isPlace: boolean;
}

const OWNED: Readonly<Record<string, OwnedArgument>> = {
  model_name_or_path: { prop: 'modelCache', props: 'model and modelCache', isPlace: true },
  adapter_name_or_path: { prop: 'adapter', isPlace: true },
  dataset: { prop: 'dataset', props: 'dataset and additionalDatasets', isPlace: false },
  eval_dataset: { prop: 'evaluationDataset', isPlace: false },
  dataset_dir: { prop: 'dataset', isPlace: true },
  output_dir: { prop: 'saves', isPlace: true },
  deepspeed: { prop: 'deepspeed', isPlace: true },
  cache_dir: { prop: 'modelCache', isPlace: true },
  tokenized_path: { prop: 'preflight', props: 'dataset and preflight', isPlace: true },
};

/** The arguments that constructs set. */
export const OWNED_ARGUMENTS: readonly string[] = Object.keys(OWNED);

/** The arguments that constructs set to say where things are. */
export const PLACES: readonly string[] = OWNED_ARGUMENTS.filter((name) => OWNED[name]?.isPlace);

/** The props that say what an argument is set to, in words; undefined if constructs leave it alone. */
export function ownerOf(name: string): string | undefined {
  const owned = Object.hasOwn(OWNED, name) ? OWNED[name] : undefined;
  return owned?.props ?? owned?.prop;
}

/** The prop at which findings on an argument point; undefined if constructs leave it alone. */
export function propOf(name: string): string | undefined {
  return Object.hasOwn(OWNED, name) ? OWNED[name]?.prop : undefined;
}
