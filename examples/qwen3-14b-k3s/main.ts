// One server with four T10, k3s and the NVIDIA device plugin; the model already lies in the ModelScope cache of its disk.
import { App, Chart, Size } from 'cdk8s';
import {
  DatasetFormat,
  DatasetVolume,
  Gpu,
  ModelCache,
  NodePool,
  QwenQLoRAJob,
  SavesVolume,
  synth,
} from 'cdk8s-llamafactory';

const app = new App();
const chart = new Chart(app, 'finetune', { namespace: 'ml-k3s' });

new QwenQLoRAJob(chart, 'math', {
  dataset: DatasetVolume.fromFile(chart, 'math-train', {
    path: 'examples/qwen3-14b-t10/data/math_train.json',
    name: 'math_train',
    formatting: DatasetFormat.SHAREGPT,
  }),
  // k3s labels no cards, and its pods see GPUs only under the runtime class `nvidia`.
  nodePool: NodePool.hostname(Gpu.T10, 't10-server', {
    gpus: 4,
    cpus: 40,
    memory: Size.gibibytes(58),
    runtimeClassName: 'nvidia',
  }),
  modelCache: ModelCache.onNode(chart, 'models', {
    hostname: 't10-server',
    path: '/home/me/.cache/modelscope/hub/models',
  }),
  saves: new SavesVolume(chart, 'saves', { size: Size.gibibytes(20), storageClassName: 'local-path' }),
  packageIndex: 'https://mirrors.aliyun.com/pypi/simple',
});

synth(app);
