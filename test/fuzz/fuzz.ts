/**
 * `npm run fuzz [-- --runs N] [--seed N] [--only I]`: throws inputs at everything that lint, plan and the renderer
 * read. Nothing may be thrown, no check may fail, and each input has two seconds. A child judges them; one that hangs
 * is named and ended, and another goes on behind it. With --only one input is shown and judged. Afterwards props of
 * wrong kinds are given to every construct, and hubs lie to prepare.py: hostile.ts.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, parseArgs } from 'node:util';
import { hostile } from './hostile';
import { inputAt } from './inputs';
import { faultOf } from './judge';

const LIMIT_MS = 2000;

const { values } = parseArgs({
  options: { runs: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' } },
});
const runs = Number(values.runs ?? 100_000);
const seed = Number(values.seed ?? 20261124);
const folder = mkdtempSync(join(tmpdir(), 'llamafactory-fuzz-'));

if (values.only !== undefined) {
  const input = inputAt(seed, Number(values.only));
  console.log(inspect(input, { depth: null, maxStringLength: null }));
  console.log(faultOf(input, join(folder, 'run')) ?? 'nothing wrong');
  rmSync(folder, { recursive: true, force: true });
} else void all();

async function all(): Promise<void> {
  const started = Date.now();
  let [next, faults] = [0, 0];
  while (next < runs) {
    const ended = await judgeFrom(next);
    faults += ended.faults;
    next = ended.next;
  }
  rmSync(folder, { recursive: true, force: true });
  faults += await hostile(seed, Math.ceil(runs / 50), Math.ceil(runs / 500));
  const seconds = Math.round((Date.now() - started) / 1000);
  console.log(`${runs} inputs of seed ${seed} in ${seconds} s: ${faults} faults`);
  process.exitCode = faults > 0 ? 1 : 0;
}

/** Has inputs judged until the last, or until one hangs or ends the process. */
function judgeFrom(from: number): Promise<{ next: number; faults: number }> {
  return new Promise((resolve) => {
    const args = [join(__dirname, 'child.ts'), String(seed), String(from), String(runs), join(folder, 'run')];
    const child = spawn(process.execPath, ['--import', 'tsx', ...args], {
      stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    });
    let [current, since, faults, hangs] = [-1, Date.now(), 0, false];
    const [, out, , numbers] = [...child.stdio];
    numbers?.on('data', (chunk: Buffer) => {
      current = Number(String(chunk).trimEnd().split('\n').at(-1));
      since = Date.now();
    });
    out?.on('data', (chunk: Buffer) => {
      faults += String(chunk).split('\n').length - 1;
      process.stdout.write(chunk);
    });
    const watch = setInterval(() => {
      if (current < 0 || Date.now() - since < LIMIT_MS) return;
      hangs = true;
      child.kill('SIGKILL');
    }, 100);
    child.on('close', (code) => {
      clearInterval(watch);
      if (code === 0) return resolve({ next: runs, faults });
      console.log(
        `input ${current} ${hangs ? `takes more than ${LIMIT_MS} ms` : 'ends the process'}: see --only ${current}`,
      );
      resolve({ next: Math.max(current, from) + 1, faults: faults + 1 });
    });
  });
}
