"""Makes a tiny random model with a tokenizer of its own: make-model.py DIRECTORY MODEL_TYPE TEXT...

The texts (files of this repository) train the byte-level BPE; nothing is downloaded. Special tokens and their order are
Qwen's, the chat template is ChatML. The same inputs make the same model.
"""

import sys

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MARKS = ["<tool_call>", "</tool_call>", "<think>", "</think>"]
VOCABULARY = 1024
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def make_tokenizer(texts):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - len(MARKS),
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train(texts, trainer)
    tokenizer.add_tokens([AddedToken(mark, special=False) for mark in MARKS])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        model_max_length=4096,
        chat_template=CHAT_TEMPLATE,
    )


def make_model(model_type):
    torch.manual_seed(0)
    sizes = dict(
        vocab_size=VOCABULARY,
        hidden_size=64,
        intermediate_size=192,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        tie_word_embeddings=False,
        pad_token_id=0,
    )
    if model_type not in ("qwen2", "phi3"):  # these have no head dimension of their own
        sizes["head_dim"] = 32
    if model_type == "qwen3_moe":
        sizes.update(num_experts=4, num_experts_per_tok=2, moe_intermediate_size=64)
    config = AutoConfig.for_model(model_type, **sizes)
    model = AutoModelForCausalLM.from_config(config, torch_dtype=torch.float32)
    # LoRA leaves the output layer as it is, and one as small as it starts could never say much: the loss could not fall.
    with torch.no_grad():
        model.lm_head.weight.mul_(10)
    return model


def main():
    directory, model_type, *texts = sys.argv[1:]
    make_tokenizer(texts).save_pretrained(directory)
    make_model(model_type).save_pretrained(directory)


if __name__ == "__main__":
    main()
