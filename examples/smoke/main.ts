// Ten steps of the same run: to see that nodes, volumes, image and data fit together before four cards are held for hours.
import { App, Chart } from 'cdk8s';
import { DatasetFormat, DatasetVolume, QwenQLoRAJob, synth } from 'cdk8s-llamafactory';

const app = new App();
const chart = new Chart(app, 'smoke', { namespace: 'ml-smoke' });

new QwenQLoRAJob(chart, 'math', {
  dataset: DatasetVolume.fromFile(chart, 'math-train', {
    path: 'examples/qwen3-14b-t10/data/math_train.json',
    name: 'math_train',
    formatting: DatasetFormat.SHAREGPT,
  }),
  train: { maxSteps: 10, loggingSteps: 1, saveSteps: 5, evalSteps: 5 },
});

synth(app);
