"""Shapes of the models that are measured: a name of the planner's catalogue, `Qwen3-14B` or `14B` for short; with `:6` six blocks of it.

The catalogue is read from SHAPES, a file that `npx tsx tools/model-shapes.ts` wrote; by default shapes.json here.
"""
import json, os, sys
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
import model_config

TINY = dict(modelType="qwen3", hiddenSize=512, intermediateSize=1024, layers=4, attentionHeads=4, keyValueHeads=2, headDim=128,
            vocabSize=151936, tiedEmbeddings=False)

def config(name):
    """The transformers config of a shape."""
    name, _, layers = name.partition(":")
    if name == "tiny":
        return model_config.config(TINY)
    with open(os.environ.get("SHAPES", os.path.join(HERE, "shapes.json"))) as file:
        shapes = json.load(file)
    return model_config.config(shapes.get(name) or shapes["Qwen3-" + name], int(layers or 0))
