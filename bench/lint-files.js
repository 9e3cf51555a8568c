// The configs of a folder through `lint`, as the command line does it.
const { readdirSync } = require('node:fs');
const { join } = require('node:path');
const { main } = require('../lib/cli/main');

const [folder] = process.argv.slice(2);
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
let length = 0;
const count = (text) => {
  length += text.length;
};
main(['lint', ...files.map((name) => join(folder, name)), '--format', 'json'], { out: count, err: count });
if (length === 0) throw new Error('nothing was printed');
