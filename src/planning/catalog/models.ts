import { posix } from 'node:path';
import type { ModelShape } from '../../run/model-shape';
import { ARCHITECTURES, type Architecture, type Blocks } from './architectures';

/** hidden, intermediate, layers, attention heads, key-value heads, head dimension, vocabulary, tied embeddings. */
type Numbers = readonly [number, number, number, number, number, number, number, boolean];

/** Models of one shape. */
interface Group {
  readonly type: Architecture;
  readonly numbers: Numbers;
  readonly experts?: ModelShape['experts'];
  /**
   * Their repositories on Hugging Face; on ModelScope the same, unless another stands after the `>`. Source:
   * src/llamafactory/extras/constants.py of LLaMA-Factory.
   */
  readonly repositories: readonly string[];
}

const LLAMA_8B: Numbers = [4096, 14336, 32, 32, 8, 128, 128256, false];
const LLAMA_70B: Numbers = [8192, 28672, 80, 64, 8, 128, 128256, false];
const MISTRAL_7B: Numbers = [4096, 14336, 32, 32, 8, 128, 32000, false];

/** Numbers: the config.json of each repository. */
const GROUPS: readonly Group[] = [
  {
    type: 'qwen2',
    numbers: [896, 4864, 24, 14, 2, 64, 151936, true],
    repositories: [
      'Qwen/Qwen2.5-0.5B-Instruct',
      'Qwen/Qwen2.5-0.5B',
      'Qwen/Qwen2.5-Coder-0.5B-Instruct',
      'Qwen/Qwen2.5-Coder-0.5B',
    ],
  },
  {
    type: 'qwen2',
    numbers: [1536, 8960, 28, 12, 2, 128, 151936, true],
    repositories: [
      'Qwen/Qwen2.5-1.5B-Instruct',
      'Qwen/Qwen2.5-1.5B',
      'Qwen/Qwen2.5-Coder-1.5B-Instruct',
      'Qwen/Qwen2.5-Coder-1.5B',
      'Qwen/Qwen2.5-Math-1.5B-Instruct',
      'Qwen/Qwen2.5-Math-1.5B',
    ],
  },
  {
    type: 'qwen2',
    numbers: [1536, 8960, 28, 12, 2, 128, 151936, false],
    repositories: ['deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B'],
  },
  {
    type: 'qwen2',
    numbers: [2048, 11008, 36, 16, 2, 128, 151936, true],
    repositories: [
      'Qwen/Qwen2.5-3B-Instruct',
      'Qwen/Qwen2.5-3B',
      'Qwen/Qwen2.5-Coder-3B-Instruct',
      'Qwen/Qwen2.5-Coder-3B',
    ],
  },
  {
    type: 'qwen2',
    numbers: [3584, 18944, 28, 28, 4, 128, 152064, false],
    repositories: [
      'Qwen/Qwen2.5-7B-Instruct',
      'Qwen/Qwen2.5-7B',
      'Qwen/Qwen2.5-7B-Instruct-1M',
      'Qwen/Qwen2.5-Coder-7B-Instruct',
      'Qwen/Qwen2.5-Coder-7B',
      'Qwen/Qwen2.5-Math-7B-Instruct',
      'Qwen/Qwen2.5-Math-7B',
      'deepseek-ai/DeepSeek-R1-Distill-Qwen-7B',
    ],
  },
  {
    type: 'qwen2',
    numbers: [5120, 13824, 48, 40, 8, 128, 152064, false],
    repositories: [
      'Qwen/Qwen2.5-14B-Instruct',
      'Qwen/Qwen2.5-14B',
      'Qwen/Qwen2.5-14B-Instruct-1M',
      'Qwen/Qwen2.5-Coder-14B-Instruct',
      'Qwen/Qwen2.5-Coder-14B',
      'deepseek-ai/DeepSeek-R1-Distill-Qwen-14B',
    ],
  },
  {
    type: 'qwen2',
    numbers: [5120, 27648, 64, 40, 8, 128, 152064, false],
    repositories: [
      'Qwen/Qwen2.5-32B-Instruct',
      'Qwen/Qwen2.5-32B',
      'Qwen/Qwen2.5-Coder-32B-Instruct',
      'Qwen/Qwen2.5-Coder-32B',
      'Qwen/QwQ-32B-Preview',
      'Qwen/QwQ-32B',
      'deepseek-ai/DeepSeek-R1-Distill-Qwen-32B',
    ],
  },
  {
    type: 'qwen2',
    numbers: [8192, 29568, 80, 64, 8, 128, 152064, false],
    repositories: [
      'Qwen/Qwen2.5-72B-Instruct',
      'Qwen/Qwen2.5-72B',
      'Qwen/Qwen2.5-Math-72B-Instruct',
      'Qwen/Qwen2.5-Math-72B',
    ],
  },
  {
    type: 'qwen3',
    numbers: [1024, 3072, 28, 16, 8, 128, 151936, true],
    repositories: ['Qwen/Qwen3-0.6B', 'Qwen/Qwen3-0.6B-Base'],
  },
  {
    type: 'qwen3',
    numbers: [2048, 6144, 28, 16, 8, 128, 151936, true],
    repositories: ['Qwen/Qwen3-1.7B', 'Qwen/Qwen3-1.7B-Base'],
  },
  {
    type: 'qwen3',
    numbers: [2560, 9728, 36, 32, 8, 128, 151936, true],
    repositories: ['Qwen/Qwen3-4B', 'Qwen/Qwen3-4B-Base', 'Qwen/Qwen3-4B-Instruct-2507', 'Qwen/Qwen3-4B-Thinking-2507'],
  },
  {
    type: 'qwen3',
    numbers: [4096, 12288, 36, 32, 8, 128, 151936, false],
    repositories: ['Qwen/Qwen3-8B', 'Qwen/Qwen3-8B-Base', 'deepseek-ai/DeepSeek-R1-0528-Qwen3-8B'],
  },
  {
    type: 'qwen3',
    numbers: [5120, 17408, 40, 40, 8, 128, 151936, false],
    repositories: ['Qwen/Qwen3-14B', 'Qwen/Qwen3-14B-Base'],
  },
  { type: 'qwen3', numbers: [5120, 25600, 64, 64, 8, 128, 151936, false], repositories: ['Qwen/Qwen3-32B'] },
  {
    type: 'qwen3_moe',
    numbers: [2048, 6144, 48, 32, 4, 128, 151936, false],
    experts: { count: 128, perToken: 8, intermediateSize: 768 },
    repositories: [
      'Qwen/Qwen3-30B-A3B',
      'Qwen/Qwen3-30B-A3B-Base',
      'Qwen/Qwen3-30B-A3B-Instruct-2507',
      'Qwen/Qwen3-30B-A3B-Thinking-2507',
    ],
  },
  {
    type: 'qwen3_moe',
    numbers: [4096, 12288, 94, 64, 4, 128, 151936, false],
    experts: { count: 128, perToken: 8, intermediateSize: 1536 },
    repositories: ['Qwen/Qwen3-235B-A22B', 'Qwen/Qwen3-235B-A22B-Instruct-2507', 'Qwen/Qwen3-235B-A22B-Thinking-2507'],
  },
  {
    type: 'llama',
    numbers: [2048, 8192, 16, 32, 8, 64, 128256, true],
    repositories: [
      'meta-llama/Llama-3.2-1B-Instruct > LLM-Research/Llama-3.2-1B-Instruct',
      'meta-llama/Llama-3.2-1B > LLM-Research/Llama-3.2-1B',
    ],
  },
  {
    type: 'llama',
    numbers: [3072, 8192, 28, 24, 8, 128, 128256, true],
    repositories: [
      'meta-llama/Llama-3.2-3B-Instruct > LLM-Research/Llama-3.2-3B-Instruct',
      'meta-llama/Llama-3.2-3B > LLM-Research/Llama-3.2-3B',
    ],
  },
  {
    type: 'llama',
    numbers: LLAMA_8B,
    repositories: [
      'meta-llama/Meta-Llama-3.1-8B-Instruct > LLM-Research/Meta-Llama-3.1-8B-Instruct',
      'meta-llama/Meta-Llama-3.1-8B > LLM-Research/Meta-Llama-3.1-8B',
      'meta-llama/Meta-Llama-3-8B-Instruct > LLM-Research/Meta-Llama-3-8B-Instruct',
      'meta-llama/Meta-Llama-3-8B > LLM-Research/Meta-Llama-3-8B',
      'deepseek-ai/DeepSeek-R1-Distill-Llama-8B',
    ],
  },
  {
    type: 'llama',
    numbers: LLAMA_70B,
    repositories: [
      'meta-llama/Llama-3.3-70B-Instruct > LLM-Research/Llama-3.3-70B-Instruct',
      'meta-llama/Meta-Llama-3.1-70B-Instruct > LLM-Research/Meta-Llama-3.1-70B-Instruct',
      'meta-llama/Meta-Llama-3.1-70B > LLM-Research/Meta-Llama-3.1-70B',
      'meta-llama/Meta-Llama-3-70B-Instruct > LLM-Research/Meta-Llama-3-70B-Instruct',
      'meta-llama/Meta-Llama-3-70B > LLM-Research/Meta-Llama-3-70B',
      'deepseek-ai/DeepSeek-R1-Distill-Llama-70B',
    ],
  },
  {
    type: 'mistral',
    numbers: MISTRAL_7B,
    repositories: [
      'mistralai/Mistral-7B-Instruct-v0.1 > AI-ModelScope/Mistral-7B-Instruct-v0.1',
      'mistralai/Mistral-7B-Instruct-v0.2 > AI-ModelScope/Mistral-7B-Instruct-v0.2',
      'mistralai/Mistral-7B-v0.1 > AI-ModelScope/Mistral-7B-v0.1',
    ],
  },
  {
    type: 'mistral',
    numbers: [4096, 14336, 32, 32, 8, 128, 32768, false],
    repositories: [
      'mistralai/Mistral-7B-Instruct-v0.3 > LLM-Research/Mistral-7B-Instruct-v0.3',
      'mistralai/Mistral-7B-v0.3 > LLM-Research/mistral-7b-v0.3',
    ],
  },
  {
    type: 'phi3',
    numbers: [3072, 8192, 32, 32, 32, 96, 32064, false],
    repositories: [
      'microsoft/Phi-3-mini-4k-instruct > LLM-Research/Phi-3-mini-4k-instruct',
      'microsoft/Phi-3.5-mini-instruct > LLM-Research/Phi-3.5-mini-instruct',
    ],
  },
  {
    type: 'phi3',
    numbers: [3072, 8192, 32, 24, 8, 128, 200064, true],
    repositories: ['microsoft/Phi-4-mini-instruct > LLM-Research/Phi-4-mini-instruct'],
  },
  {
    type: 'phi3',
    numbers: [5120, 17920, 40, 40, 10, 128, 100352, false],
    repositories: ['microsoft/phi-4 > LLM-Research/phi-4'],
  },
  {
    type: 'glm',
    numbers: [4096, 13696, 40, 32, 2, 128, 151552, false],
    repositories: ['zai-org/glm-4-9b-chat-hf > ZhipuAI/glm-4-9b-chat-hf'],
  },
  {
    type: 'glm4',
    numbers: [4096, 13696, 40, 32, 2, 128, 151552, false],
    repositories: ['zai-org/GLM-4-9B-0414 > ZhipuAI/GLM-4-9B-0414', 'zai-org/GLM-Z1-9B-0414 > ZhipuAI/GLM-Z1-9B-0414'],
  },
];

function shapesOf({ type, numbers, experts, repositories }: Group): ModelShape[] {
  const [hiddenSize, intermediateSize, layers, attentionHeads, keyValueHeads, headDim, vocabSize, tiedEmbeddings] =
    numbers;
  const { attentionBias, queryKeyNorms, blockNorms, packed }: Blocks = ARCHITECTURES[type];
  return repositories.map((names) => {
    const [repository = '', modelScopeRepository] = names.split(' > ');
    return {
      name: posix.basename(repository),
      repository,
      ...(modelScopeRepository === undefined ? {} : { modelScopeRepository }),
      modelType: type,
      hiddenSize,
      intermediateSize,
      layers,
      attentionHeads,
      keyValueHeads,
      headDim,
      vocabSize,
      tiedEmbeddings,
      attentionBias,
      queryKeyNorms,
      blockNorms,
      packed,
      ...(experts === undefined ? {} : { experts }),
    };
  });
}

/** The models of the catalogue by name. */
export const MODELS: Readonly<Record<string, ModelShape>> = Object.fromEntries(
  GROUPS.flatMap(shapesOf).map((model) => [model.name, model]),
);
