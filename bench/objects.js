// The objects that `ours.js` made for one run, named for run number i: what the two others write.
const { readFileSync, readdirSync } = require('node:fs');
const { join } = require('node:path');

exports.readObjects = (directory) =>
  JSON.parse(
    readFileSync(
      join(
        directory,
        readdirSync(directory).find((name) => name.endsWith('.json')),
      ),
      'utf8',
    ),
  );

/** The objects of run number i: the launch files are one ConfigMap for all runs of a chart. */
exports.objectsOf = (objects, i) =>
  objects
    .filter((object) => i === 0 || !object.metadata.name.includes('-launch-'))
    .map((object) => ({ ...object, metadata: { ...object.metadata, name: `${object.metadata.name}-${i}` } }));
