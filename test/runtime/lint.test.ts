import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp, PATH, RUNTIME, run } from './programs';

jest.setTimeout(60_000);
afterAll(cleanUp);

const ROOT = join(RUNTIME, '..');

/** Runs a linter over files; nothing where it is not installed, but for CI, where it must be. */
async function lint(command: string, args: readonly string[]): Promise<void> {
  const env = { PATH, HOME: process.env.HOME ?? '/', RUFF_NO_CACHE: 'true' };
  const found = await run('sh', ['-c', `command -v ${command}`], env);
  if (found.code !== 0 && process.env.CI === undefined) {
    console.warn(`${command} is not installed: not checked`);
    return;
  }
  const ended = await run(command, args, env);
  expect([ended.code, ended.code === 0 ? '' : ended.stdout + ended.stderr]).toEqual([0, '']);
}

test('the shell scripts are clean by shellcheck', () =>
  lint('shellcheck', [
    join(ROOT, '.ci', 'run'),
    ...readdirSync(RUNTIME)
      .filter((name) => name.endsWith('.sh'))
      .map((name) => join(RUNTIME, name)),
  ]));

test('the Python files are clean by ruff', () => lint('ruff', ['check', '--config', join(ROOT, 'ruff.toml'), RUNTIME]));

test('the Python files are formatted as ruff does', () =>
  lint('ruff', ['format', '--check', '--config', join(ROOT, 'ruff.toml'), RUNTIME]));
