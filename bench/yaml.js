// The same objects by the `yaml` library alone: the floor for anything that writes them.
const { mkdirSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const yaml = require('yaml');
const { objectsOf, readObjects } = require('./objects');

const [count, directory, outdir] = process.argv.slice(2);
const objects = readObjects(directory);
const texts = [];
for (let i = 0; i < Number(count); i += 1) {
  for (const object of objectsOf(objects, i)) texts.push(yaml.stringify(object, { version: '1.1', lineWidth: 0 }));
}
mkdirSync(outdir, { recursive: true });
writeFileSync(join(outdir, 'bench.k8s.yaml'), texts.join('---\n'));
