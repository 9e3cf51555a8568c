// `npm run bench:lint`: CPU time of `lint` on 1000 configs over that of parsing them, start-up included. The programs
// take turns, and the least of each counts, since other load only adds. With LF_ORACLE_VENV, a virtual environment with
// LLaMA-Factory (test/parity/install.sh), the real parser takes them too, once.
const { spawnSync } = require('node:child_process');
const { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const COUNT = 1000;
const ROUNDS = Number(process.argv[2] ?? 7);
const seed = join(__dirname, '../test/fixtures/seed');
const folder = mkdtempSync(join(tmpdir(), 'bench-lint-'));
cpSync(seed, folder, { recursive: true });
const config = readFileSync(join(seed, 'train_config.yaml'), 'utf8');
for (let i = 0; i < COUNT; i += 1) {
  const text = config
    .replace('lora_rank: 16', `lora_rank: ${8 + i}`)
    .replace(/^output_dir: .*/m, `output_dir: /out/${i}`);
  writeFileSync(join(folder, `config-${i}.yaml`), text);
}

/** CPU seconds, user and system, of one process. */
function cpuSeconds(program) {
  const measure = join(__dirname, 'measure.js');
  const child = spawnSync(process.execPath, ['--require', measure, join(__dirname, program), folder], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.status !== 0) throw new Error(`${program} failed`);
  return Number(child.stdout.trim().split('\n').at(-1));
}

let [parsing, lint] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
for (let round = 0; round < ROUNDS; round += 1) {
  parsing = Math.min(parsing, cpuSeconds('parse-yaml.js'));
  lint = Math.min(lint, cpuSeconds('lint-files.js'));
}

/** CPU seconds that the real parser takes for the first configs; undefined without it. */
function realParserSeconds(count) {
  const venv = process.env.LF_ORACLE_VENV;
  if (venv === undefined) return undefined;
  const files = Array.from({ length: count }, (_, i) => join(folder, `config-${i}.yaml`));
  const oracle = [join(venv, 'bin/python'), join(__dirname, '../test/parity/oracle.py'), '--deep', ...files];
  const timed = `TIMEFORMAT='%U %S'; time "$@" > /dev/null 2> /dev/null`;
  const child = spawnSync('bash', ['-c', timed, 'bash', ...oracle], { encoding: 'utf8' });
  const [user = 0, system = 0] = child.stderr.trim().split(' ').map(Number);
  return user + system;
}
const [one, all] = [realParserSeconds(1), realParserSeconds(COUNT)];
rmSync(folder, { recursive: true });
console.log(
  `lint of ${COUNT} configs: ${(lint / parsing).toFixed(2)} times the yaml library  [${lint.toFixed(2)} s, ${parsing.toFixed(2)} s CPU]`,
);
console.log(
  one === undefined
    ? 'the real parser: not measured, LF_ORACLE_VENV is not set'
    : `the real parser: ${(all / parsing).toFixed(0)} times the yaml library, ${one.toFixed(1)} s to start and ${((1000 * (all - one)) / (COUNT - 1)).toFixed(0)} ms a config, refused at its first fault`,
);
