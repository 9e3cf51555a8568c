// `npm run bench`: CPU time of whole processes, as ratios taken in one run; the programs take turns, and the least of
// each counts, since other load only adds. Absolute times mean nothing across machines.
const { spawnSync } = require('node:child_process');
const { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, readdirSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const yaml = require('yaml');

const directory = mkdtempSync(join(tmpdir(), 'bench-'));
const data = join(directory, 'data.json');
const turn = (i) => [
  { role: 'user', content: `What is ${i} + ${i}?` },
  { role: 'assistant', content: `${2 * i}` },
];
writeFileSync(data, JSON.stringify(Array.from({ length: 200 }, (_, i) => ({ messages: turn(i) }))));

/** CPU seconds, user and system, of one process. */
function cpuSeconds(...args) {
  const measure = join(__dirname, 'measure.js');
  const child = spawnSync(process.execPath, ['--require', measure, join(__dirname, args[0]), ...args.slice(1)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.status !== 0) throw new Error(`${args[0]} failed`);
  return Number(child.stdout.trim().split('\n').at(-1));
}

/** The least CPU seconds of each program, the programs taking turns. */
function least(rounds, programs) {
  const best = programs.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < rounds; round += 1) {
    for (const [i, program] of programs.entries()) best[i] = Math.min(best[i], cpuSeconds(...program));
  }
  return best;
}

const out = (name) => join(directory, name);
mkdirSync(join(directory, 'objects'));
cpuSeconds('ours.js', '1', data, out('one'));
const objects = readdirSync(out('one'))
  .sort()
  .flatMap((name) =>
    yaml.parseAllDocuments(readFileSync(join(out('one'), name), 'utf8')).map((document) => document.toJS()),
  );
writeFileSync(join(directory, 'objects', 'one.json'), JSON.stringify(objects));

const [cdk8s, withOurs] = least(9, [['import.js'], ['import.js', 'ours']]);
console.log(`import: ${(withOurs / cdk8s).toFixed(2)} times cdk8s alone`);
let hundred = 0;
for (const [count, rounds] of [
  [1, 9],
  [100, 3],
  [1000, 2],
]) {
  const n = String(count);
  const source = join(directory, 'objects');
  const [ours, bare, plain] = least(rounds, [
    ['ours.js', n, data, out(`ours-${n}`)],
    ['bare.js', n, source, out(`bare-${n}`)],
    ['yaml.js', n, source, out(`yaml-${n}`)],
  ]);
  const growth = count === 1000 ? `, ${(ours / hundred).toFixed(1)} times 100 runs` : '';
  if (count === 100) hundred = ours;
  console.log(
    `${count} run${count === 1 ? '' : 's'} (${(objects.length - 1) * count + 1} objects): ${(ours / bare).toFixed(2)} times cdk8s and cdk8s-plus, ${(ours / plain).toFixed(2)} times yaml alone${growth}  [${ours.toFixed(2)} s CPU]`,
  );
}
rmSync(directory, { recursive: true });
require('./plan');
