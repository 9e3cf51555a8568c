// Everything on claims that exist: a platform that keeps models, data and adapters on shared storage, and an image of its own.
import { App, Chart } from 'cdk8s';
import {
  DatasetFormat,
  DatasetVolume,
  Gpu,
  ModelCache,
  NodePool,
  QwenQLoRAJob,
  SavesVolume,
  synth,
  TrainerImage,
} from 'cdk8s-llamafactory';

const app = new App();
const chart = new Chart(app, 'finetune', { namespace: 'ml-shared' });

new QwenQLoRAJob(chart, 'math', {
  dataset: DatasetVolume.fromClaim(chart, 'math-train', {
    claimName: 'datasets',
    path: 'math/train.jsonl',
    formatting: DatasetFormat.SHAREGPT,
    columns: { messages: 'messages' },
    tags: { roleTag: 'role', contentTag: 'content', userTag: 'user', assistantTag: 'assistant', systemTag: 'system' },
    revision: '2026-11-24',
  }),
  nodePool: NodePool.of(Gpu.T10, { gpus: 4 }),
  modelCache: ModelCache.fromClaim(chart, 'models', { claimName: 'models', modelPath: 'Qwen/Qwen3-14B' }),
  saves: SavesVolume.fromClaim(chart, 'saves', { claimName: 'adapters' }),
  image: TrainerImage.custom('registry.example.com/ml/llamafactory:0.9.5-bnb', {
    deepspeed: '0.18.4',
    bitsandbytes: '0.49.2',
    cudaToolkit: true,
  }),
});

synth(app);
