import { App, Chart } from 'cdk8s';
import {
  DatasetFormat,
  DatasetVolume,
  Gpu,
  ModelCache,
  NodePool,
  QwenModel,
  QwenQLoRAJob,
  type QwenQLoRAJobProps,
  SavesVolume,
  Strategy,
  TrainerImage,
} from '../../src';
import { MATH } from '../synthesis';
import type { Manifest } from './manifest';

/** Where they are applied. */
export const NAMESPACE = 'runs';
/** Its nodes: two with GPUs, one without. */
export const POOL = ['gpu-0', 'gpu-1', 'cpu-0'];
const IMAGE = TrainerImage.custom('registry.example.com/trainer:1', {
  bitsandbytes: '0.50.2',
  deepspeed: '0.18.4',
  tensorboard: '2.20.0',
  cudaToolkit: true,
});

/** The objects of some runs by file: a small model, one GPU each, on shared volumes, all prepared by one Job. */
export function filesOf(
  runs: Readonly<Record<string, Partial<QwenQLoRAJobProps>>>,
  modelCache = (chart: Chart) => new ModelCache(chart, 'models', { storageClassName: 'shared', readWriteMany: true }),
): Record<string, Manifest[]> {
  const app = new App();
  const chart = new Chart(app, 'finetune', { namespace: NAMESPACE });
  const shared = {
    dataset: DatasetVolume.fromFile(chart, 'data', { path: MATH, name: 'math_train', formatting: DatasetFormat.SHAREGPT }),
    modelCache: modelCache(chart),
    saves: new SavesVolume(chart, 'saves', { storageClassName: 'shared', readWriteMany: true }),
    model: QwenModel.QWEN3_0_6B,
    nodePool: NodePool.of(Gpu.T10),
    strategy: Strategy.DDP,
    image: IMAGE,
    gpus: 1,
  };
  for (const [id, props] of Object.entries(runs)) new QwenQLoRAJob(chart, id, { ...shared, ...props });
  return Object.fromEntries(app.charts.map((each) => [each.node.id, each.toJson() as Manifest[]]));
}
/** All objects of some runs. */
export const objectsOf = (...asked: Parameters<typeof filesOf>): Manifest[] => Object.values(filesOf(...asked)).flat();
