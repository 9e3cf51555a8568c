import { join } from 'node:path';
import { main } from '../../src/cli/main';
import { temporaryFolder, write } from '../folder';

const folder = temporaryFolder();
const SMALL = 100_000;
const TIMES = 8;

/** Files that once took time by the square of their length. */
const CASES: readonly [what: string, files: (length: number) => Readonly<Record<string, string>>][] = [
  ['a launch script of blank lines', (n) => launched(`${'\n'.repeat(n)}x`)],
  ['a launch script of train configs', (n) => launched(`train ${'.yml.l'.repeat(n / 6)}`)],
  ['a model name of slashes', (n) => ({ 'train.yaml': `model_name_or_path: "${'/'.repeat(n)}x"` })],
  ['a learning rate of zeros', (n) => ({ 'train.yaml': `learning_rate: "${'0'.repeat(n)}x"` })],
  ['an interpolation of blanks', (n) => ({ 'train.yaml': `run_name: "\${${' '.repeat(n)}x"` })],
];

function launched(script: string): Readonly<Record<string, string>> {
  return { 'train.yaml': 'model_name_or_path: a', 'launch.sh': `llamafactory-cli train train.yaml\n${script}\n` };
}

/** CPU milliseconds of linting and importing a folder. */
function milliseconds(name: string, files: Readonly<Record<string, string>>): number {
  const path = join(folder, name);
  write(path, files);
  const before = process.cpuUsage();
  for (const args of [
    ['lint', join(path, 'train.yaml')],
    ['import', path],
  ]) {
    main(args, { out: () => {}, err: () => {} });
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

test.each(CASES)(
  '%s eight times as long takes no more than 16 times as long',
  (what, files) => {
    milliseconds(`${what} first`, files(SMALL));
    const small = milliseconds(`${what} small`, files(SMALL));
    // By its square it would be 64 times; half a second is what a busy machine adds.
    expect(milliseconds(`${what} large`, files(SMALL * TIMES))).toBeLessThan(2 * TIMES * small + 500);
  },
  120_000,
);
