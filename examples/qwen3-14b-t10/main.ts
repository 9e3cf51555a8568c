// Qwen3-14B with QLoRA and DeepSpeed ZeRO-3 on four T10: the seed document's run, corrected.
import { App, Chart, Size } from 'cdk8s';
import {
  DatasetFormat,
  DatasetVolume,
  DeepSpeedZero3,
  Gpu,
  ModelCache,
  NodePool,
  QwenModel,
  QwenQLoRAJob,
  SavesVolume,
  synth,
} from 'cdk8s-llamafactory';

const app = new App();
const chart = new Chart(app, 'finetune', { namespace: 'ml' });

new QwenQLoRAJob(chart, 'math', {
  model: QwenModel.QWEN3_14B,
  dataset: DatasetVolume.fromFile(chart, 'math-train', {
    path: 'examples/qwen3-14b-t10/data/math_train.json',
    name: 'math_train',
    formatting: DatasetFormat.SHAREGPT,
  }),
  deepspeed: new DeepSpeedZero3(chart, 'zero3', { offloadOptimizer: true, offloadParam: true }),
  nodePool: NodePool.of(Gpu.T10, { gpus: 4 }),
  modelCache: new ModelCache(chart, 'models', { size: Size.gibibytes(60) }),
  saves: new SavesVolume(chart, 'saves', { size: Size.gibibytes(20) }),
  train: { learningRate: 3e-5, numTrainEpochs: 20 },
});

synth(app);
