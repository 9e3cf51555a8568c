import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from './pod';
import { PREFLIGHT, preflightPod } from './preflight-pod';
import { cleanUp, type Ended, folder, run, start, until, write } from './programs';

jest.setTimeout(60_000);
afterAll(cleanUp);

describe('around the trainer', () => {
  // As much of torch and LLaMA-Factory as is asked for. RAISE has the data raise, PAUSE has it wait half-written.
  const MODULES: Readonly<Record<string, string>> = {
    'torch/__init__.py': `
from types import SimpleNamespace
names = "is_available device_count current_device set_device get_device_capability get_device_properties is_bf16_supported _lazy_init"
cuda = SimpleNamespace(**{name: None for name in names.split()})
distributed = SimpleNamespace(init_process_group=lambda **options: None)
`,
    'torch/testing/__init__.py': '',
    'torch/testing/_internal/__init__.py': '',
    'torch/testing/_internal/distributed/__init__.py': '',
    'torch/testing/_internal/distributed/fake_pg.py': 'class FakeStore: pass\n',
    'llamafactory/__init__.py': '',
    'llamafactory/hparams/__init__.py': `
import json, os, sys, torch
from types import SimpleNamespace
def read_args():
    return json.load(open(sys.argv[1]))
def get_train_args(args):
    if args.pop("asks_for_the_card", False):
        torch.cuda._lazy_init()
    data = SimpleNamespace(**{"preprocessing_num_workers": 16, "packing": False, "cutoff_len": 8, "tokenized_path": None, **args})
    training = SimpleNamespace(world_size=int(os.environ["WORLD_SIZE"]))
    return None, data, training, SimpleNamespace(stage=args.get("stage", "sft")), None
`,
    'llamafactory/model/__init__.py': 'def load_tokenizer(model):\n    return {"tokenizer": None}\n',
    'llamafactory/data/__init__.py': `
import os, time
def get_template_and_fix_tokenizer(tokenizer, data):
    return None
def get_dataset(template, model, data, training, stage, tokenizer):
    print("stage", stage, "workers", data.preprocessing_num_workers)
    if os.environ.get("RAISE"):
        raise eval(os.environ["RAISE"])
    if data.tokenized_path is not None:
        os.makedirs(data.tokenized_path, exist_ok=True)
        open(os.path.join(data.tokenized_path, "first"), "w").close()
        while os.environ.get("PAUSE"):
            time.sleep(0.01)
    return {}
`,
  };
  const modules = folder();
  for (const [name, text] of Object.entries(MODULES)) write(join(modules, name), text);
  const withStandIn = (config: Readonly<Record<string, unknown>> = {}, variables: Record<string, string> = {}) =>
    preflightPod(config, { PYTHONPATH: modules, ...variables });
  const look = (env: Record<string, string>): Promise<Ended> => run('python3', ['-I', PREFLIGHT], env);

  test('a run that passes leaves the tokenised data under their name, and then the marker', async () => {
    const { env, tokenized, marker, message, failed } = withStandIn();
    const ended = await look(env);
    expect([ended.code, ended.stderr, message(), failed()]).toEqual([0, '', '', '']);
    expect(readdirSync(tokenized)).toEqual(['first']);
    expect(JSON.parse(marker())).toMatchObject({ checked: true, tokenized });
  });

  test('a run that has passed is not looked at again', async () => {
    const { env } = withStandIn();
    await look(env);
    const again = await look({ ...env, RAISE: 'ValueError("again")' });
    expect([again.code, again.stdout]).toEqual([0, 'preflight: the run has passed already\n']);
  });

  test('a run that has passed and whose tokenised data is gone is', async () => {
    const { env, tokenized } = withStandIn();
    await look(env);
    rmSync(tokenized, { recursive: true });
    expect((await look(env)).stdout).toContain('stage sft');
    expect(existsSync(tokenized)).toBe(true);
  });

  test('a run that is finished is not looked at', async () => {
    const { env, marker } = withStandIn();
    const weights = write(join(env.OUTPUT_DIR, 'adapter_model.bin'), 'weights');
    write(
      join(env.OUTPUT_DIR, '.complete'),
      JSON.stringify({ run: 'run', steps: 3, files: { 'adapter_model.bin': statSync(weights).size } }),
    );
    const ended = await look({ ...env, RAISE: 'ValueError("no")' });
    expect([ended.code, JSON.parse(marker())]).toEqual([0, { checked: false }]);
  });

  test('what the data raises ends it with the class, and is left for the training pod', async () => {
    const { env, message, failed, marker, tokenized } = withStandIn(
      {},
      { RAISE: 'RuntimeError("Cannot find valid samples")' },
    );
    const ended = await look(env);
    expect(ended.code).toBe(codeOf('data'));
    expect(message()).toMatch(
      /^preflight: data: the trainer cannot read the data set\. .*Cannot find valid samples.*Change: /,
    );
    expect(failed()).toBe(message());
    expect([marker(), existsSync(tokenized)]).toEqual(['', false]);
  });

  test('what may do better another time is not left for the training pod', async () => {
    const { env, failed, message } = withStandIn({}, { RAISE: 'MemoryError()' });
    expect((await look(env)).code).toBe(codeOf('host-memory'));
    expect([failed(), message()]).toEqual(['', expect.stringMatching(/^preflight: host-memory: /)]);
  });

  test('another try takes away what the last one left', async () => {
    const { env, failed, failedFile } = withStandIn();
    write(failedFile, 'preflight: data: …\n');
    expect((await look(env)).code).toBe(0);
    expect([failed(), existsSync(failedFile)]).toEqual(['', false]);
  });

  test.each([
    ['dpo', 'rm'],
    ['sft', 'sft'],
    ['kto', 'kto'],
  ])('data of the stage %s is read as %s', async (stage, read) => {
    expect((await look(withStandIn({ stage }).env)).stdout).toContain(`stage ${read} `);
  });

  test.each([
    [false, 2],
    [true, 16],
  ])('with packing %s, of 16 processes that tokenise %d are left', async (packing, workers) => {
    expect((await look(withStandIn({ packing }).env)).stdout).toContain(`workers ${workers}\n`);
  });

  test('data that streams is looked at and not kept', async () => {
    const { env, marker } = withStandIn({ tokenized_path: null });
    expect((await look(env)).code).toBe(0);
    expect(JSON.parse(marker())).toEqual({ checked: true, tokenized: null });
  });

  test('what asks for the card itself could not be checked, and the run goes on', async () => {
    const { env, marker } = withStandIn({ asks_for_the_card: true });
    const ended = await look(env);
    expect(ended.stdout).toContain('the run could not be checked: something asks for the card itself');
    expect([ended.code, JSON.parse(marker())]).toEqual([0, { checked: false }]);
  });

  test.each([
    ['torch/testing/_internal/distributed/fake_pg.py', 'FakeStore'],
    ['llamafactory/model/__init__.py', 'load_tokenizer'],
  ])('an image whose %s has no %s is not checked, and the run goes on', async (file, name) => {
    const other = folder();
    for (const [each, text] of Object.entries(MODULES)) write(join(other, each), each === file ? '' : text);
    const { env, marker } = withStandIn({}, { PYTHONPATH: other });
    const ended = await look(env);
    expect(ended.stdout).toMatch(new RegExp(`the run could not be checked: .*${name}`));
    expect([ended.code, JSON.parse(marker())]).toEqual([0, { checked: false }]);
  });

  test.each(['SIGTERM', 'SIGKILL'] as const)(
    '%s leaves nothing that looks whole, and the next try passes',
    async (signal) => {
      const { env, tokenized, marker, message, failed } = withStandIn();
      const { child, ended } = start('python3', ['-I', PREFLIGHT], { ...env, PAUSE: '1' });
      await until('the data is half-written', () => existsSync(join(`${tokenized}.partial`, 'first')));
      const trainer = firstChildOf(child.pid);
      child.kill(signal);
      if (signal === 'SIGKILL') process.kill(trainer, 'SIGKILL');
      const { code } = await ended;
      if (signal === 'SIGTERM') {
        expect([code, message()]).toEqual([codeOf('terminated'), expect.stringMatching(/^preflight: terminated: /)]);
      }
      expect([existsSync(tokenized), marker(), failed()]).toEqual([false, '', '']);
      expect((await look(env)).code).toBe(0);
      expect(readdirSync(tokenized)).toEqual(['first']);
    },
  );

  test('a trainer that is killed alone is a want of memory', async () => {
    const { env, tokenized, message } = withStandIn();
    const { child, ended } = start('python3', ['-I', PREFLIGHT], { ...env, PAUSE: '1' });
    await until('the data is half-written', () => existsSync(join(`${tokenized}.partial`, 'first')));
    const trainer = firstChildOf(child.pid);
    process.kill(trainer, 'SIGKILL');
    expect((await ended).code).toBe(codeOf('host-memory'));
    expect(message()).toContain('Change: lower preprocessing_num_workers');
  });

  test('two pods of one run tokenise one after the other', async () => {
    const { env, tokenized } = withStandIn();
    const first = start('python3', ['-I', PREFLIGHT], { ...env, PAUSE: '1' });
    await until('the data is half-written', () => existsSync(join(`${tokenized}.partial`, 'first')));
    const second = start('python3', ['-I', PREFLIGHT], { ...env, PREFLIGHT_DIR: `${env.PREFLIGHT_DIR}-2` });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(existsSync(tokenized)).toBe(false);
    first.child.kill('SIGTERM');
    await first.ended;
    expect((await second.ended).code).toBe(0);
    expect(existsSync(tokenized)).toBe(true);
  });

  test('a variable that the pod forgot is a fault of the configuration', async () => {
    const { env, message } = withStandIn();
    const { COMPUTE_CAPABILITY: _, ...others } = env;
    expect((await look(others)).code).toBe(codeOf('config'));
    expect(message()).toContain('COMPUTE_CAPABILITY is not set');
  });
});

/** The process that a process started first. */
function firstChildOf(pid = 0): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0] ?? 0);
}
