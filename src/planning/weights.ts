import type { ModelShape } from './catalog/models';

/** The parameters of a model, embeddings and output layer included. */
export function parameterCount(model: ModelShape): number {
  const attention = model.attentionHeads * model.headDim;
  const keyValue = model.keyValueHeads * model.headDim;
  const projections = model.hiddenSize * (2 * attention + 2 * keyValue);
  const biases = model.family === 'qwen2.5' ? attention + 2 * keyValue : 2 * model.headDim;
  const mlp =
    model.experts === undefined
      ? 3 * model.hiddenSize * model.intermediateSize
      : model.experts.count * 3 * model.hiddenSize * model.experts.intermediateSize +
        model.hiddenSize * model.experts.count;
  const embeddings = model.vocabSize * model.hiddenSize * (model.tiedEmbeddings ? 1 : 2);
  return model.layers * (projections + biases + mlp + 2 * model.hiddenSize) + embeddings + model.hiddenSize;
}

/** The weights in 16 bits, in bytes: what a hub's files take. */
export function weightsBytes(model: ModelShape): number {
  return 2 * parameterCount(model);
}
