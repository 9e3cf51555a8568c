import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { hub, safetensors, webServer } from './hub';
import { folder, PATH, RUNTIME, run, start, write } from './programs';

/** Where prepare.py fetches from in the kill test. */
export type Source = 'http' | 'huggingface' | 'modelscope';

/** What came of many kills. */
export interface KillResult {
  /** Kills that came while prepare.py ran. */
  readonly kills: number;
  /** Fetches that ended with a marker. */
  readonly finished: number;
  /** What was wrong, one line each: empty is the promise kept. */
  readonly broken: readonly string[];
}

const REPOSITORY = 'Qwen/Tiny';
const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

/** Mulberry32: numbers from 0 to 1 that a seed repeats. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A model of many shards, each with bytes of its own. */
function model(shards: number): Record<string, Buffer> {
  const files: Record<string, Buffer> = { 'config.json': Buffer.from('{"model_type": "qwen3"}') };
  const map: Record<string, string> = {};
  for (let i = 1; i <= shards; i += 1) {
    const name = `model-${String(i).padStart(5, '0')}-of-${String(shards).padStart(5, '0')}.safetensors`;
    const data = safetensors(20_000 + i);
    data.fill(i % 251, data.length - 10_000);
    files[name] = data;
    map[`layer.${i}`] = name;
  }
  files['model.safetensors.index.json'] = Buffer.from(JSON.stringify({ weight_map: map }));
  return files;
}

/**
 * Kills prepare.py with SIGKILL again and again at random moments, in one directory until a fetch ends with its marker,
 * then in a new one; looks at the directory after each kill.
 */
export async function killTest(options: {
  readonly source: Source;
  readonly python: string;
  readonly kills: number;
  readonly shards: number;
  readonly seed: number;
}): Promise<KillResult> {
  const files = model(options.shards);
  const served = options.source === 'http' ? await webServer(files) : await hub(REPOSITORY, files);
  const root = folder();
  const directory = join(root, 'model');
  const hashes = Object.fromEntries(Object.entries(files).map(([name, data]) => [name, sha256(data)]));
  const request = {
    model: {
      hub: options.source,
      repository: REPOSITORY,
      endpoint: served.url,
      directory,
      ...(options.source === 'http' ? { files: hashes } : {}),
    },
  };
  const env = {
    PATH,
    PREPARE_SPEC: write(join(root, 'request.json'), JSON.stringify(request)),
    HOME: root,
    MODELSCOPE_DISABLE_TELEMETRY: '1',
  };
  const script = join(RUNTIME, 'prepare.py');
  const next = random(options.seed);
  const broken: string[] = [];
  let kills = 0;
  let finished = 0;

  // How long a fetch takes when nothing disturbs it.
  mkdirSync(directory);
  const begun = Date.now();
  const whole = await run(options.python, [script], env);
  const duration = Date.now() - begun;
  if (whole.code !== 0) broken.push(`a fetch without a kill failed: ${whole.stderr}`);
  rmSync(directory, { recursive: true });

  while (kills < options.kills && broken.length === 0) {
    const running = start(options.python, [script], env);
    const wait = next() * duration * 1.1;
    const timer = setTimeout(() => running.child.kill('SIGKILL'), wait);
    const ended = await running.ended;
    clearTimeout(timer);
    if (ended.code === null) kills += 1;
    else if (ended.code !== 0) broken.push(`kill ${kills}: the fetch after it failed: ${ended.stderr}`);
    broken.push(...problems(directory, files, options.source).map((problem) => `kill ${kills}: ${problem}`));
    if (existsSync(join(directory, '.complete'))) {
      finished += 1;
      rmSync(directory, { recursive: true });
    }
  }
  await served.close();
  rmSync(root, { recursive: true, force: true });
  return { kills, finished, broken };
}

/** With a marker every file must be right. Without one, a file that has its own name is right, if it is ours to name. */
function problems(directory: string, files: Readonly<Record<string, Buffer>>, source: Source): string[] {
  const marked = existsSync(join(directory, '.complete'));
  if (!existsSync(directory)) return [];
  const found = Object.entries(files).flatMap(([name, data]) => {
    const path = join(directory, name);
    if (!existsSync(path)) return marked ? [`${name} is missing`] : [];
    if (!marked && source !== 'http') return [];
    return readFileSync(path).equals(data) ? [] : [`${name} is wrong`];
  });
  if (!marked || source !== 'http') return found;
  const more = readdirSync(directory).filter((name) => !(name in files) && !name.startsWith('.'));
  return [...found, ...more.map((name) => `${relative(directory, join(directory, name))} was left over`)];
}
