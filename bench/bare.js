// The same objects by cdk8s and cdk8s-plus-28 alone, the Job as a plain ApiObject: what a careful user would write.
const { ApiObject, App, Chart } = require('cdk8s');
const { ConfigMap } = require('cdk8s-plus-28');
const { objectsOf, readObjects } = require('./objects');

const [count, directory, outdir] = process.argv.slice(2);
const objects = readObjects(directory);
const app = new App({ outdir });
const charts = new Map();
const chartOf = (id) => {
  if (!charts.has(id)) charts.set(id, new Chart(app, id, { namespace: 'ml' }));
  return charts.get(id);
};
for (let i = 0; i < Number(count); i += 1) {
  for (const { kind, metadata, data, immutable, spec, apiVersion } of objectsOf(objects, i)) {
    const chart = chartOf(kind === 'PersistentVolumeClaim' ? 'bench-storage' : 'bench');
    if (kind === 'ConfigMap') new ConfigMap(chart, metadata.name, { metadata, data, immutable });
    else new ApiObject(chart, `${kind}-${metadata.name}`, { apiVersion, kind, metadata, spec });
  }
}
app.synth();
