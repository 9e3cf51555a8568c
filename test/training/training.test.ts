import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Adapter } from '../../src';
import { exitClasses } from '../../src/kubernetes/failure-policy';
import type { Schedule } from '../../src/planning/schedule';
import type { Release } from '../../src/run/releases';
import type { CpuTraining, Steps } from '../../tools/evidence';
import { REPOSITORY } from '../folder';
import type { Ended } from '../runtime/programs';
import { jobOf } from '../synthesis';
import { quantises } from './cpu';
import { printedBy, releases } from './environment';
import { type Installed, machineFor, outputOf, trainJob } from './machines';
import { canIsolate, claimFolder, firstProcess, killAll, type Machine, runIn, runPod, startPod } from './pod';
import { record } from './record';
import { MODELS, SAMPLES, type Synthesised, synthesise } from './run';

const folder = mkdtempSync(join(tmpdir(), 'cdk8s-llamafactory-training-'));
chmodSync(folder, 0o755);

afterAll(() => {
  if (process.env['KEEP'] === undefined) rmSync(folder, { recursive: true, force: true });
});

const machineWith = (release: Release, model: string, packages?: Installed): Machine =>
  machineFor(folder, release, model, packages);
const codeOf = (name: string): number | undefined => exitClasses().find((entry) => entry.name === name)?.code;

/** The steps whose checkpoints lie in a folder, whole. */
function savesIn(output: string): number[] {
  if (!existsSync(output)) return [];
  return readdirSync(output)
    .filter((name) => name.startsWith('checkpoint-') && existsSync(join(output, name, 'trainer_state.json')))
    .map((name) => Number(name.slice('checkpoint-'.length)))
    .sort((a, b) => a - b);
}

interface State {
  readonly global_step: number;
  readonly log_history: ReadonlyArray<{ readonly step: number; readonly loss?: number; readonly eval_loss?: number }>;
}

function stateOf(output: string): State {
  return JSON.parse(readFileSync(join(output, 'trainer_state.json'), 'utf8')) as State;
}

/** What a run did, in the words of the plan. */
function stepsOf(output: string): Steps {
  const { global_step, log_history } = stateOf(output);
  const evaluated = log_history.filter((each) => each.eval_loss !== undefined).map(({ step }) => step);
  return { optimizer_steps: global_step, saves: savesIn(output), evaluations: [...new Set(evaluated)] };
}

function plannedSteps({ optimizerSteps, saves, evaluations }: Schedule): Steps {
  return { optimizer_steps: optimizerSteps ?? 0, saves, evaluations };
}

/** The steps after which a loss was logged, and the losses. */
function lossesOf(output: string): { steps: number[]; losses: number[] } {
  const logged = stateOf(output).log_history.flatMap(({ step, loss }) => (loss === undefined ? [] : [{ step, loss }]));
  return { steps: logged.map(({ step }) => step), losses: logged.map(({ loss }) => loss) };
}

/** The steps of LLaMA-Factory's own log that have a loss, in the order in which they were written. */
function loggedSteps(output: string): number[] {
  const lines = readFileSync(join(output, 'trainer_log.jsonl'), 'utf8').split('\n');
  return lines
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { current_steps: number; loss?: number })
    .filter(({ loss }) => loss !== undefined)
    .map((line) => line.current_steps);
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const last = (text: string): string => text.slice(-4000);

/** Waits for something, or fails with what the pod said when that ends first. */
async function meanwhile(running: { ended: Promise<Ended> }, condition: () => boolean): Promise<void> {
  let ended: Ended | undefined;
  running.ended.then((result) => {
    ended = result;
  });
  while (!condition()) {
    if (ended !== undefined) throw new Error(`the pod ended with ${ended.code}: ${last(ended.stdout + ended.stderr)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe.each(releases())('LLaMA-Factory %s', (release) => {
  const testIfIsolated = canIsolate() ? test : test.skip;
  const testIfQuantised = quantises(release) ? test : test.skip;
  const model = join(folder, `model-${release}`);
  let first: Machine;
  let run: Synthesised;

  beforeAll(() => {
    mkdirSync(model);
    printedBy(release, 'make-model.py', [model, 'qwen3', SAMPLES, join(REPOSITORY, 'README.md')]);
    for (const name of readdirSync(model)) chmodSync(join(model, name), 0o644);
    first = machineWith(release, model);
    run = synthesise(release, model);
  });

  function recordRun(processes: number, of: Synthesised, output: string, losses: Partial<CpuTraining> = {}): void {
    const date = new Date().toISOString().slice(0, 10);
    const versions = JSON.parse(printedBy(release, 'versions.py', [])) as Record<string, string>;
    const [planned, measured] = [plannedSteps(of.planned), stepsOf(output)];
    record({ date, release, versions, processes, planned, measured, ...losses });
  }

  describe('a run', () => {
    let ended: Ended & { message: string };
    let output: string;

    testIfQuantised('is prepared by its prepare Job: what the image lacks is installed', async () => {
      const prepared = await runPod(first, run.manifests, jobOf(run.manifests, 'prepare'));
      expect([prepared.code, last(prepared.stderr)]).toEqual([0, '']);
    });

    test('trains, and has nothing to say in the end', async () => {
      ended = await runPod(first, run.manifests, trainJob(run));
      output = outputOf(first, run);
      expect([ended.code, ended.message, ended.code === 0 ? '' : last(ended.stdout)]).toEqual([0, '', '']);
    });

    testIfIsolated('is closed in: no root, no privileges, a root file system that cannot be written', async () => {
      const probe =
        'id -u; id -G; grep -E "^(CapEff|NoNewPrivs)" /proc/self/status; touch /probe /models/probe /etc/llamafactory/probe';
      const { stdout, stderr } = await runIn(first, run.manifests, trainJob(run), ['sh', '-c', probe]);
      expect(stdout).toBe('1000\n1000\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n');
      expect(stderr.match(/Read-only file system/g)).toHaveLength(3);
    });

    testIfQuantised('quantises the model to 4 bits', () => {
      expect(ended.stdout).toContain('Quantizing model to 4 bit with bitsandbytes');
    });

    test('takes the planned steps, and logs, saves and evaluates after the planned ones', () => {
      expect(stepsOf(output)).toEqual(plannedSteps(run.planned));
      expect(lossesOf(output).steps).toEqual(run.planned.logs);
    });

    test('trains on the planned samples', () => {
      const { trainSamples, evalSamples } = run.planned;
      expect(ended.stdout).toMatch(new RegExp(`Running training \\*+[^]*?Num examples = ${trainSamples}\\b`));
      expect(ended.stdout).toMatch(new RegExp(`Running Evaluation \\*+[^]*?Num examples = ${evalSamples}\\b`));
    });

    test('leaves adapter, logs and curves where the manifests say, readable for others', () => {
      const files = ['adapter_config.json', 'adapter_model.safetensors', 'tokenizer.json', 'trainer_log.jsonl'];
      const found = readdirSync(output);
      expect(found).toEqual(expect.arrayContaining([...files, 'all_results.json', 'training_loss.png']));
      for (const name of files) expect(statSync(join(output, name)).mode & 0o044).toBe(0o044);
    });

    test('writes nowhere on the claims but in its own folder', () => {
      const [, chart = ''] = run.outputDirectory.split('/').slice(1);
      expect(readdirSync(claimFolder(first, run.savesClaimName)).sort()).toEqual(
        [...(quantises(release) ? ['.packages'] : []), chart].sort(),
      );
      expect(readdirSync(claimFolder(first, MODELS.claimName))).toEqual([MODELS.modelPath.split('/')[0]]);
    });

    test('learns: the last ten losses are below 0.7 of the first ten', () => {
      const { losses } = lossesOf(output);
      expect(losses.length).toBeGreaterThanOrEqual(20);
      const [early, late] = [mean(losses.slice(0, 10)), mean(losses.slice(-10))];
      expect(late).toBeLessThan(0.7 * early);
      recordRun(1, run, output, { first_losses: early, last_losses: late });
    });

    test('makes an adapter that PEFT loads and that changes what the model says', () => {
      const said = JSON.parse(printedBy(release, 'adapter.py', [model, output, '计算：12 + 30'])) as Record<
        string,
        unknown
      >;
      expect(said).toEqual({
        prompt: '<|im_start|>user\n计算：12 + 30<|im_end|>\n<|im_start|>assistant\n',
        finite: true,
        largest_change: expect.any(Number),
        targets: ['down_proj', 'gate_proj', 'k_proj', 'o_proj', 'q_proj', 'up_proj', 'v_proj'],
      });
      expect(said['largest_change']).toBeGreaterThan(0.1);
    });
  });

  describe('a run that is broken off', () => {
    let other: Machine;
    let output: string;

    beforeAll(() => {
      other = machineWith(release, model, { from: first, claimName: run.savesClaimName });
      output = outputOf(other, run);
    });

    /** The last whole checkpoint, and the steps that are logged after it by the next pod. */
    const progress = () => ({ saved: savesIn(output).at(-1) ?? 0, logged: loggedSteps(output).length });

    test('by TERM says why', async () => {
      const running = await startPod(other, run.manifests, trainJob(run));
      await meanwhile(running, () => savesIn(output).length >= 2);
      process.kill(firstProcess(other, running), 'SIGTERM');
      expect((await running.ended).code).toBe(codeOf('terminated'));
      expect(running.message()).toMatch(/^terminated: the run was asked to end/);
      expect(savesIn(output).at(-1)).toBeLessThan(run.planned.optimizerSteps ?? 0);
    });

    test('goes on at its last checkpoint, and is killed', async () => {
      const before = progress();
      const running = await startPod(other, run.manifests, trainJob(run));
      await meanwhile(running, () => savesIn(output).length >= 5);
      await killAll(running);
      await running.ended;
      expect(loggedSteps(output)[before.logged]).toBe(before.saved + 1);
    });

    test('in the middle of a checkpoint goes on at the one before, to the planned end', async () => {
      // trainer_state.json is written last; without it the trainer would refuse to go on.
      rmSync(join(output, `checkpoint-${savesIn(output).at(-1)}`, 'trainer_state.json'));
      const before = progress();
      expect(before.saved).toBeLessThan(run.planned.optimizerSteps ?? 0);
      const ended = await runPod(other, run.manifests, trainJob(run));
      expect([ended.code, ended.message]).toEqual([0, '']);
      expect(loggedSteps(output)[before.logged]).toBe(before.saved + 1);
      expect(lossesOf(output).steps).toEqual(run.planned.logs);
      expect(savesIn(output)).toEqual(run.planned.saves);
    });
  });

  describe('a change of the config', () => {
    test('makes a new folder beside the old one, which is left as it was', async () => {
      const changed = synthesise(release, model, { train: { learningRate: 2e-3 } });
      const old = outputOf(first, run);
      const before = readdirSync(old, { recursive: true }).map((name) => [
        name,
        statSync(join(old, String(name))).mtimeMs,
      ]);
      const running = await startPod(first, changed.manifests, trainJob(changed));
      await meanwhile(running, () => savesIn(outputOf(first, changed)).length > 0);
      await killAll(running);
      await running.ended;
      expect(outputOf(first, changed)).not.toBe(old);
      expect(readdirSync(join(old, '..'))).toHaveLength(2);
      expect(
        readdirSync(old, { recursive: true }).map((name) => [name, statSync(join(old, String(name))).mtimeMs]),
      ).toEqual(before);
    });
  });

  test('a run that goes on from the adapter of an earlier one begins where that one ended', async () => {
    const earlier = lossesOf(outputOf(first, run)).losses;
    const train = { numTrainEpochs: 1, learningRate: 1e-4 };
    const next = synthesise(release, model, { adapter: Adapter.fromSaves(run.outputDirectory), train });
    const { code, message, stdout } = await runPod(first, next.manifests, trainJob(next));
    expect([code, message, code === 0 ? '' : last(stdout)]).toEqual([0, '', '']);
    expect(stdout).toMatch(/Loaded adapter\(s\): \S*finetune-math/);
    const [early, late] = [mean(earlier.slice(0, 5)), mean(earlier.slice(-5))];
    expect(mean(lossesOf(outputOf(first, next)).losses.slice(0, 5))).toBeLessThan((early + late) / 2);
  });

  describe('a run with preflight', () => {
    let other: Machine;
    let checked: Synthesised;

    beforeAll(() => {
      other = machineWith(release, model, { from: first, claimName: run.savesClaimName });
      checked = synthesise(release, model, { preflight: true, ranks: 2, train: { numTrainEpochs: 1 } });
    });

    test('is gone over by the preflight Job’s own command, which leaves the tokenised data', async () => {
      const { code, message, stdout } = await runPod(other, checked.manifests, jobOf(checked.manifests, 'preflight'));
      expect([code, message, code === 0 ? '' : last(stdout)]).toEqual([0, '', '']);
      const { trainSamples, evalSamples } = checked.planned;
      expect(stdout).toContain(`preflight: ${trainSamples} samples to train on, `);
      expect(stdout).toContain(`preflight: ${evalSamples} samples to evaluate on, `);
    });

    test('trains on what was tokenised, for the planned steps', async () => {
      const { code, message, stdout } = await runPod(other, checked.manifests, trainJob(checked));
      expect([code, message, code === 0 ? '' : last(stdout)]).toEqual([0, '', '']);
      const folderName = checked.outputDirectory.replace(/([^/]+)$/, '.tokenized/$1');
      expect(stdout).toContain(`Loaded tokenized dataset from ${other.isolated ? folderName : ''}`);
      expect(stdout).not.toContain('Running tokenizer on dataset');
      expect(stepsOf(outputOf(other, checked))).toEqual(plannedSteps(checked.planned));
    });
  });

  describe('a run whose data on a claim has no valid sample', () => {
    let other: Machine;
    let broken: Synthesised;

    beforeAll(() => {
      other = machineWith(release, model, { from: first, claimName: run.savesClaimName });
      broken = synthesise(release, model, { preflight: true, dataClaim: 'data' });
      const sample = { messages: [{ role: 'assistant', content: 'an answer without a question' }] };
      const samples = Array.from({ length: 20 }, () => sample);
      writeFileSync(join(claimFolder(other, 'data'), basename(SAMPLES)), JSON.stringify(samples));
    });

    test('fails in preflight, with the class data', async () => {
      const { code, message } = await runPod(other, broken.manifests, jobOf(broken.manifests, 'preflight'));
      expect(message).toMatch(/^preflight: data: .*Cannot find valid samples/);
      expect(code).toBe(codeOf('data'));
    });

    test('does not start training, which says why', async () => {
      await expect(startPod(other, broken.manifests, trainJob(broken))).rejects.toThrow(
        /^check-prepare ended with 10: preflight: data: .*Cannot find valid samples/,
      );
    });
  });

  describe('two processes', () => {
    test('train together, for the planned steps', async () => {
      const both = synthesise(release, model, { ranks: 2, train: { numTrainEpochs: 1 } });
      const ended = await runPod(first, both.manifests, trainJob(both));
      expect([ended.code, ended.message, ended.code === 0 ? '' : last(ended.stdout)]).toEqual([0, '', '']);
      expect(ended.stdout).toMatch(/rank: 1, world size: 2/);
      expect(stepsOf(outputOf(first, both))).toEqual(plannedSteps(both.planned));
      recordRun(2, both, outputOf(first, both));
    });
  });
});
