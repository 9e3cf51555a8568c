// N runs through the library: each with its own data, caches and saves, all in one chart.
const { App, Chart } = require('cdk8s');
const { DatasetFormat, DatasetVolume, QwenQLoRAJob } = require('..');

const [count, data, outdir] = process.argv.slice(2);
const app = new App({ outdir });
const chart = new Chart(app, 'bench', { namespace: 'ml' });
for (let i = 0; i < Number(count); i += 1) {
  new QwenQLoRAJob(chart, `run-${i}`, {
    dataset: DatasetVolume.fromFile(chart, `data-${i}`, { path: data, formatting: DatasetFormat.SHAREGPT }),
  });
}
app.synth();
