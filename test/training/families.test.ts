import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ARCHITECTURES } from '../../src/planning/catalog/architectures';
import { REPOSITORY } from '../folder';
import { jobOf } from '../synthesis';
import { quantises } from './cpu';
import { printedBy, releases } from './environment';
import { type Installed, machineFor, outputOf, trainJob } from './machines';
import { runPod } from './pod';
import { SAMPLES, synthesise } from './run';

const folder = mkdtempSync(join(tmpdir(), 'cdk8s-llamafactory-families-'));
chmodSync(folder, 0o755);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What LoRA is put on where all linear modules are asked for. */
const SEPARATE = ['down_proj', 'gate_proj', 'k_proj', 'o_proj', 'q_proj', 'up_proj', 'v_proj'];
const TARGETS: Readonly<Record<string, readonly string[]>> = {
  phi3: ['down_proj', 'gate_up_proj', 'o_proj', 'qkv_proj'],
  glm: ['down_proj', 'gate_up_proj', 'k_proj', 'o_proj', 'q_proj', 'v_proj'],
  glm4: ['down_proj', 'gate_up_proj', 'k_proj', 'o_proj', 'q_proj', 'v_proj'],
  // transformers 5 keeps the experts in fused tensors
  qwen3_moe: ['k_proj', 'o_proj', 'q_proj', 'v_proj'],
};

// Qwen3 is what training.test.ts trains at length.
const families = Object.keys(ARCHITECTURES).filter((type) => type !== 'qwen3');

describe.each(releases())('LLaMA-Factory %s', (release) => {
  let installed: Installed | undefined;

  test.each(families)('trains a model of type %s, whose adapter PEFT loads', async (type) => {
    const model = join(folder, `${type}-${release}`);
    mkdirSync(model);
    printedBy(release, 'make-model.py', [model, type, SAMPLES, join(REPOSITORY, 'README.md')]);
    for (const name of readdirSync(model)) chmodSync(join(model, name), 0o644);
    const on = machineFor(folder, release, model, installed);
    const run = synthesise(release, model, { train: { maxSteps: 2, saveSteps: 1, evalStrategy: 'no', valSize: 0 } });
    if (quantises(release) && installed === undefined) {
      await runPod(on, run.manifests, jobOf(run.manifests, 'prepare'));
    }
    installed ??= { from: on, claimName: run.savesClaimName };
    const ended = await runPod(on, run.manifests, trainJob(run));
    expect([ended.code, ended.message, ended.code === 0 ? '' : ended.stdout.slice(-4000)]).toEqual([0, '', '']);
    const said = JSON.parse(printedBy(release, 'adapter.py', [model, outputOf(on, run), '12 + 30'])) as object;
    expect(said).toMatchObject({ finite: true, targets: TARGETS[type] ?? SEPARATE });
  });
});
