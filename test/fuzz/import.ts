/**
 * `npm run fuzz:import [-- --seconds N] [--seed N] [--only I]`: folders for import, crafted to break it. Nothing may be
 * thrown, each program parses and calls the library alone, and no key of a train config goes without a word.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, parseArgs } from 'node:util';
import { folderAt } from './import-inputs';
import { importFault } from './import-judge';

/** The longest that one folder may take, in milliseconds. */
const LIMIT_MS = 2000;

const { values } = parseArgs({
  options: { seconds: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' } },
});
const seconds = Number(values.seconds ?? 600);
const seed = Number(values.seed ?? 20261127);
const folder = mkdtempSync(join(tmpdir(), 'llamafactory-fuzz-'));
const run = join(folder, 'run');

if (values.only === undefined) all();
else {
  const input = folderAt(seed, Number(values.only));
  console.log(inspect(input, { depth: null, maxStringLength: null }));
  console.log(importFault(input, run) ?? 'nothing wrong');
}
rmSync(folder, { recursive: true, force: true });

function all(): void {
  const started = Date.now();
  let [i, faults] = [0, 0];
  for (; Date.now() - started < seconds * 1000; i++) {
    const input = folderAt(seed, i);
    const since = process.cpuUsage();
    const fault = importFault(input, run);
    const { user, system } = process.cpuUsage(since);
    const slow = user + system > LIMIT_MS * 1000 ? `takes more than ${LIMIT_MS} ms` : undefined;
    if ((fault ?? slow) === undefined) continue;
    faults++;
    console.log(`folder ${i}: ${fault ?? slow}`);
  }
  console.log(`${i} folders of seed ${seed} in ${seconds} s: ${faults} faults`);
  process.exitCode = faults > 0 ? 1 : 0;
}
