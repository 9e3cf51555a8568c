"""Shapes of the models that are measured, as the hub's config.json gives them: `14B`, or `30B-A3B:6` for six layers of it."""
SHAPES = {  # hidden, intermediate, layers, heads, kv heads, tied
    "tiny": (512, 1024, 4, 4, 2, False),
    "0.6B": (1024, 3072, 28, 16, 8, True), "1.7B": (2048, 6144, 28, 16, 8, True),
    "4B": (2560, 9728, 36, 32, 8, True), "8B": (4096, 12288, 36, 32, 8, False),
    "14B": (5120, 17408, 40, 40, 8, False), "32B": (5120, 25600, 64, 64, 8, False),
    "30B-A3B": (2048, 6144, 48, 32, 4, False),
}

def config(name):
    """The Qwen3 config of a shape."""
    from transformers.models.qwen3 import Qwen3Config
    name, _, layers = name.partition(":")
    h, i, l, a, kv, tied = SHAPES[name]
    shape = dict(vocab_size=151936, hidden_size=h, intermediate_size=i, num_hidden_layers=int(layers or l), num_attention_heads=a,
                 num_key_value_heads=kv, head_dim=128, tie_word_embeddings=tied, max_position_embeddings=40960)
    if name != "30B-A3B":
        return Qwen3Config(**shape)
    from transformers.models.qwen3_moe import Qwen3MoeConfig
    return Qwen3MoeConfig(**shape, num_experts=128, num_experts_per_tok=8, moe_intermediate_size=768, norm_topk_prob=True)
