"""The transformers config of a model of the planner's catalogue, from its shape as tools/model-shapes.ts prints it."""
from transformers import AutoConfig


def config(shape, layers=None):
    """Blocks of the real sizes; `layers` of them, where not all are wanted."""
    sizes = dict(vocab_size=shape["vocabSize"], hidden_size=shape["hiddenSize"], intermediate_size=shape["intermediateSize"],
                 num_hidden_layers=layers or shape["layers"], num_attention_heads=shape["attentionHeads"],
                 num_key_value_heads=shape["keyValueHeads"], tie_word_embeddings=shape["tiedEmbeddings"], pad_token_id=0)
    if shape["modelType"] not in ("qwen2", "phi3"):
        sizes["head_dim"] = shape["headDim"]
    if shape["modelType"] in ("glm", "glm4"):
        sizes["attention_bias"] = shape["attentionBias"]
    if "experts" in shape:
        experts = shape["experts"]
        sizes.update(num_experts=experts["count"], num_experts_per_tok=experts["perToken"], moe_intermediate_size=experts["intermediateSize"])
    return AutoConfig.for_model(shape["modelType"], **sizes)
