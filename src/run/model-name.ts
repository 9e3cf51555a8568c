/** The parts of a path, the last first, as hubs call them: ModelScope writes `___` for a dot, Hugging Face `--` for `/`. */
export function partsOf(model: string): string[] {
  return model
    .split(/\/|--/)
    .filter((part) => part !== '')
    .map((part) => part.replaceAll('___', '.'))
    .reverse();
}
