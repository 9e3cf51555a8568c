// npm run test:kill: 200 kills of prepare.py for each source. KILLS, SHARDS and SEED may be set; TRAINER_PYTHON names a
// Python with huggingface_hub and modelscope, without which only plain HTTP is tried.
import { type KillResult, killTest, type Source } from './kill';
import { cleanUp, folder, run } from './programs';

async function main(): Promise<void> {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  const kills = Number(process.env.KILLS ?? 200);
  const shards = Number(process.env.SHARDS ?? 60);
  const trainer = process.env.TRAINER_PYTHON;
  const sources: Array<[Source, string]> = [['http', 'python3']];
  for (const [source, library] of [
    ['huggingface', 'huggingface_hub'],
    ['modelscope', 'modelscope'],
  ] as const) {
    const found =
      trainer === undefined ? 1 : (await run(trainer, ['-c', `import ${library}`], { HOME: folder() })).code;
    if (found === 0) sources.push([source, trainer ?? '']);
    else console.log(`${source}: not tried, TRAINER_PYTHON names no Python with ${library}`);
  }
  let failed = false;
  for (const [source, python] of sources) {
    const begun = Date.now();
    const result: KillResult = await killTest({ source, python, kills, shards, seed });
    const seconds = Math.round((Date.now() - begun) / 1000);
    console.log(
      `${source}: seed ${seed}, ${result.kills} kills, ${result.finished} fetches of ${shards + 2} files finished, ` +
        `${result.broken.length} broken, ${seconds} s`,
    );
    for (const problem of result.broken) console.error(`  ${problem}`);
    failed ||= result.broken.length > 0 || result.finished === 0;
  }
  cleanUp();
  process.exitCode = failed ? 1 : 0;
}

void main();
