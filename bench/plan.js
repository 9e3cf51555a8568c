// What planning a run costs, as a share of parsing its YAML: CPU time of both in this process, the programs taking turns.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const yaml = require('yaml');
const { CARDS } = require('../lib/planning/catalog/cards');
const { MODELS } = require('../lib/planning/catalog/models');
const { plan } = require('../lib/planning/plan');

const text = readFileSync(join(__dirname, '..', 'test', 'fixtures', 'seed', 'train_config.yaml'), 'utf8');
const parse = () => yaml.parseDocument(text, { version: '1.1', uniqueKeys: false }).toJS();
const rows = Array.from({ length: 200 }, (_, i) => ({ messages: [{ role: 'user', content: `${i}` }] }));
const run = (args, deepspeed) => ({
  path: 'train_config.yaml',
  file: 'train_config.yaml',
  release: '0.9.5',
  args: { ...parse(), quantization_method: 'bnb', ...args },
  deepspeed,
  datasets: [{ name: 'math_train', rows }],
  card: CARDS.T10,
  gpus: 4,
  nodes: 1,
  model: MODELS['Qwen3-14B'],
});
const offload = { stage: 3, offload_optimizer: { device: 'cpu' }, offload_param: { device: 'cpu' } };
const programs = {
  'that fits': run({}, { file: 'ds.json', config: { zero_optimization: offload } }),
  "that doesn't fit": run({}),
  'that nothing makes fit': run({ quantization_bit: undefined, cutoff_len: 32768, per_device_train_batch_size: 64 }),
};

/** The least CPU milliseconds of a call. */
function least(call, best) {
  const before = process.cpuUsage();
  for (let i = 0; i < 200; i += 1) call();
  const { user, system } = process.cpuUsage(before);
  return Math.min(best, (user + system) / 200 / 1000);
}

const times = { yaml: Number.POSITIVE_INFINITY };
for (let round = 0; round < 9; round += 1) {
  times.yaml = least(parse, times.yaml);
  for (const [name, subject] of Object.entries(programs)) {
    times[name] = least(() => plan(subject), times[name] ?? Number.POSITIVE_INFINITY);
  }
}
for (const name of Object.keys(programs)) {
  console.log(`plan of a run ${name}: ${(times[name] / times.yaml).toFixed(2)} times parsing its YAML`);
}
