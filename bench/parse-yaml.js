// The configs of a folder parsed by the `yaml` library alone: the floor for anything that reads them.
const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const yaml = require('yaml');

const [folder] = process.argv.slice(2);
for (const name of readdirSync(folder)) {
  if (name.endsWith('.yaml')) yaml.parse(readFileSync(join(folder, name), 'utf8'), { uniqueKeys: false });
}
