import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { exitClasses } from '../../src/kubernetes/failure-policy';
import { codeOf, LAUNCH, launch, MESSAGES, pod } from './pod';
import { cleanUp, PATH, RUNTIME, type Running, start, textOf, until, write } from './programs';

jest.setTimeout(60_000);
afterAll(cleanUp);

/** Starts launch.sh as process 1 of a process namespace of its own, as a container has it. */
async function asPidOne(env: Record<string, string>): Promise<Running & { pid: number }> {
  const running = start('unshare', ['--pid', '--fork', '--mount-proc', '--kill-child', 'bash', LAUNCH], env);
  const unshare = running.child.pid ?? 0;
  const children = () => textOf(`/proc/${unshare}/task/${unshare}/children`).trim();
  await until('process 1', () => children() !== '');
  return { ...running, pid: Number(children()) };
}

// A trainer whose grandchild makes a session of its own and loses its parent, as a torchrun worker may. Each of them
// leaves a file when it hears TERM.
const FAMILY = `
worker='trap "touch \\"$PLACE/$NAME-heard\\"; exit 0" TERM; touch "$PLACE/$NAME-ready"; while :; do sleep 0.02; done'
(NAME=orphan setsid bash -c "$worker" & )
NAME=child setsid bash -c "$worker" &
trap 'exit 1' TERM
while :; do sleep 0.02; done`;

const STUBBORN = `
trap '' TERM
setsid bash -c 'trap "" TERM; while :; do touch "$PLACE/alive"; sleep 0.02; done' &
while :; do sleep 0.02; done`;

describe('a run that ends by itself', () => {
  test('runs llamafactory-cli train with the config, in a session of its own, and exits 0 without a message', async () => {
    const { env, message } = pod(
      'echo "arguments: $1 $2"; read -r stat </proc/self/stat; set -- $stat; echo "session $6 pid $$ parent $PPID"',
    );
    const ended = await launch(env);
    expect(ended.stdout).toContain(`arguments: train ${env.TRAIN_CONFIG}`);
    const [, session, pid] = /session (\d+) pid (\d+)/.exec(ended.stdout) ?? [];
    expect(session).toBe(pid);
    expect([ended.code, message()]).toEqual([0, '']);
  });

  test('passes stdout and stderr on as they come', async () => {
    const { env, place } = pod('echo out; echo err >&2; until [[ -e "$PLACE/go" ]]; do sleep 0.02; done');
    const running = start('bash', [LAUNCH], env);
    let seen = '';
    running.child.stdout?.on('data', (text) => {
      seen += String(text);
    });
    await until('both lines', () => seen.includes('out\n') && seen.includes('err\n'));
    write(join(place, 'go'), '');
    expect((await running.ended).code).toBe(0);
  });

  test('makes what the trainer wrote readable for other users', async () => {
    const { env, output } = pod(
      'mkdir -m 700 "$OUTPUT_DIR/checkpoint-1"; touch "$OUTPUT_DIR/checkpoint-1/adapter_model.safetensors"; chmod 600 "$OUTPUT_DIR/checkpoint-1/"*',
    );
    expect((await launch(env)).code).toBe(0);
    expect(statSync(join(output, 'checkpoint-1')).mode & 0o777).toBe(0o755);
    expect(statSync(join(output, 'checkpoint-1', 'adapter_model.safetensors')).mode & 0o777).toBe(0o644);
  });

  test('uses the virtual environment, and hands GPUs and Python path on', async () => {
    const { env, place } = pod('echo wrong');
    write(join(place, 'env', 'bin', 'llamafactory-cli'), '#!/bin/bash\ntorchrun\n', 0o755);
    write(
      join(place, 'env', 'bin', 'torchrun'),
      '#!/bin/bash\necho "$CUDA_VISIBLE_DEVICES $PYTHONPATH $VIRTUAL_ENV"\n',
      0o755,
    );
    const VENV = join(place, 'env');
    const ended = await launch({ ...env, VENV, CUDA_VISIBLE_DEVICES: '0,1', PYTHONPATH: '/code' });
    expect(ended.stdout).toContain(`0,1 /code ${VENV}\n`);
    expect(ended.code).toBe(0);
  });

  test('kills what the trainer leaves behind', async () => {
    const { env, place } = pod('(setsid sleep 987654 & echo $! >"$PLACE/left"); exit 0');
    const { pid: _, ended } = await asPidOne(env);
    expect((await ended).code).toBe(0);
    expect(textOf(join(place, 'left'))).not.toBe('');
  });

  test('leaves no temporary files', async () => {
    const { env, place } = pod('exit 0');
    await launch(env);
    expect(readdirSync(place).sort()).toEqual(['bin', '输出 folder', '配置 文件']);
  });
});

describe('a signal', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s to process 1 reaches children in other sessions within a second, exit 143',
    async (signal) => {
      const { env, place, message } = pod(FAMILY);
      const { pid, ended } = await asPidOne(env);
      const all = (word: string) => ['child', 'orphan'].every((name) => readdirSync(place).includes(`${name}-${word}`));
      await until('the workers', () => all('ready'));
      const sent = Date.now();
      process.kill(pid, signal);
      await until('the workers to hear it', () => all('heard'));
      expect(Date.now() - sent).toBeLessThan(1000);
      expect((await ended).code).toBe(143);
      expect(message()).toMatch(/^terminated: the run was asked to end/);
    },
  );

  test('a second one kills a trainer that does not listen', async () => {
    const { env, place } = pod(STUBBORN);
    const { pid, ended } = await asPidOne(env);
    await until('the trainer', () => readdirSync(place).includes('alive'));
    process.kill(pid, 'SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 500));
    const sent = Date.now();
    process.kill(pid, 'SIGTERM');
    expect((await ended).code).toBe(143);
    expect(Date.now() - sent).toBeLessThan(2000);
  });

  test('the end of the grace period kills a trainer that does not listen, outside a container too', async () => {
    const { env, place } = pod(STUBBORN, { GRACE_SECONDS: '1' });
    const { child, ended } = start('bash', [LAUNCH], env);
    await until('the trainer', () => readdirSync(place).includes('alive'));
    const sent = Date.now();
    child.kill('SIGTERM');
    expect((await ended).code).toBe(143);
    expect(Date.now() - sent).toBeGreaterThan(900);
    expect(Date.now() - sent).toBeLessThan(4000);
  });

  test('workers that are still saving when their launcher is gone get the grace period', async () => {
    const { env, place } = pod(`
(setsid bash -c 'trap "sleep 2; touch \\"$PLACE/saved\\"; exit 0" TERM; touch "$PLACE/ready"; while :; do sleep 0.02; done' &)
sleep 1000`);
    const { pid, ended } = await asPidOne(env);
    await until('the worker', () => readdirSync(place).includes('ready'));
    process.kill(pid, 'SIGTERM');
    expect((await ended).code).toBe(143);
    expect(readdirSync(place)).toContain('saved');
  });

  test('a trainer that ends well after TERM does not count as finished', async () => {
    const { env, place } = pod('trap "exit 0" TERM; touch "$PLACE/ready"; while :; do sleep 0.02; done');
    const { child, ended } = start('bash', [LAUNCH], env);
    await until('the trainer', () => readdirSync(place).includes('ready'));
    child.kill('SIGTERM');
    expect((await ended).code).toBe(143);
  });
});

describe('a failure', () => {
  // Output of real runs (LLaMA-Factory 0.9.5, transformers 5.6.0, torch 2.11), paths changed.
  const recorded: Array<[string, string, RegExp]> = [
    ['config-unknown-key', 'config', /\['save_safetensorz'\].*remove the keys it lists/],
    ['config-duplicate-key', 'config', /found duplicate key pure_bf16.*keep one/],
    ['config-number-as-text', 'config', /'<=' not supported.*learning_rate/],
    ['config-template', 'config', /Template nope does not exist.*correct template/],
    ['config-deepspeed-batch', 'config', /Either train_batch_size.*train_micro_batch_size_per_gpu.*"auto"/],
    ['config-deepspeed-mismatch', 'config', /ds train_micro_batch_size_per_gpu=7.*"auto"/],
    ['config-output-not-empty', 'config', /not empty.*another output_dir/],
    ['config-nothing-to-resume', 'config', /No valid checkpoint.*remove resume_from_checkpoint/],
    ['config-no-model', 'config', /Repo id must be.*model_name_or_path/],
    ['data-undefined', 'data', /Undefined dataset undefined.*dataset must name/],
    ['data-missing', 'data', /nofile\.json not found/],
    ['data-broken', 'data', /Expected object or value.*dataset_info\.json/],
    ['data-nocol', 'data', /KeyError: 'instruction'.*columns and tags/],
    ['data-invalid', 'data', /Cannot find valid samples.*columns and tags/],
    ['cuda-out-of-memory-step', 'cuda-out-of-memory', /Tried to allocate 3\.48 GiB.*per_device_train_batch_size/],
    ['cuda-out-of-memory-evaluation', 'cuda-out-of-memory', /Tried to allocate 1\.74 GiB.*per_device_eval_batch_size/],
    ['disk-checkpoint', 'disk', /No space left on device.*save_total_limit/],
    ['disk-optimizer', 'disk', /unexpected pos|iostream error/],
    ['host-memory-rank-killed', 'host-memory', /SIGKILL.*pod's memory/],
  ];

  test.each(recorded)('%s is told as %s', async (file, name, text) => {
    const { env, message } = pod('cat "$MESSAGE"; exit 1', { MESSAGE: join(MESSAGES, `${file}.txt`) });
    const ended = await launch(env);
    expect(ended.code).toBe(codeOf(name));
    expect(message()).toMatch(text);
    expect(message().startsWith(`${name}: `)).toBe(true);
    expect(ended.stderr).toContain(message().trim());
  });

  // Messages read in the sources, not seen: there was no second GPU to lose.
  const written: Array<[string, string]> = [
    [
      'nccl',
      'torch.distributed.DistBackendError: NCCL error in: ProcessGroupNCCL.cpp:3690, remote process exited or there was a network error',
    ],
    [
      'nccl',
      '[rank1]:[E ProcessGroupNCCL.cpp:632] [Rank 1] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=7)',
    ],
    [
      'nccl',
      'torch.distributed.DistNetworkError: The server socket has failed to listen on any local network address.',
    ],
    [
      'shared-memory',
      "RuntimeError: DataLoader worker (pid 7) is killed by signal: Bus error. It is possible that dataloader's workers are out of shared memory.",
    ],
    ['shared-memory', 'NCCL WARN Error while creating shared memory segment /dev/shm/nccl-x: No space left on device'],
    ['loss', 'Exception: Current loss scale already at minimum - cannot decrease scale anymore. Exiting run.'],
    [
      'config',
      "importlib.metadata.PackageNotFoundError: No package metadata was found for The 'bitsandbytes>=0.39.0' distribution was not found and is required by this application.",
    ],
    ['nccl', 'torch.distributed.DistBackendError: NCCL communicator was aborted on rank 1.'],
    [
      'nccl',
      'RuntimeError: [/pytorch/third_party/gloo/gloo/transport/tcp/pair.cc:547] Connection closed by peer [127.0.0.1]:43210',
    ],
    ['config', 'RuntimeError: FlashAttention only supports Ampere GPUs or newer.'],
    ['config', 'RuntimeError: CUDA error: no kernel image is available for execution on the device'],
    [
      'cuda-out-of-memory',
      'ValueError: Some modules are dispatched on the CPU or the disk. Make sure you have enough GPU RAM to fit the quantized model.',
    ],
    [
      'host-memory',
      "RuntimeError: [enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.",
    ],
    ['disk', 'OSError: [Errno 122] Disk quota exceeded'],
  ];

  test.each(written)('%s is told by: %s', async (name, line) => {
    const { env, message } = pod('printf "%s\\n" "$LINE" >&2; exit 1', { LINE: line });
    expect((await launch(env)).code).toBe(codeOf(name));
    expect(message()).toContain(line.replace('[rank1]:', ''));
  });

  test('the rank that ran out of memory counts, not the NCCL errors of the others', async () => {
    const line = '[rank1]: torch.distributed.DistBackendError: NCCL error in: remote process exited';
    const oom = '[rank0]: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.';
    const { env } = pod('printf "%s\\n%s\\n" "$A" "$B"; exit 1', { A: line, B: oom });
    expect((await launch(env)).code).toBe(codeOf('cuda-out-of-memory'));
  });

  test('a trainer killed for memory is told by its status', async () => {
    const { env, message } = pod('kill -9 $$');
    expect((await launch(env)).code).toBe(137);
    expect(message()).toMatch(/^host-memory: /);
  });

  test('anything else exits 1 with the last lines', async () => {
    const { env, message } = pod('echo "一些 trouble"; exit 3');
    expect((await launch(env)).code).toBe(1);
    expect(message()).toBe('other: the trainer failed. llamafactory-cli exited 3. The log ends with: 一些 trouble\n');
  });

  test('a message never exceeds the 4096 bytes that Kubernetes keeps, and no character is cut', async () => {
    const { env, place } = pod('for i in 1 2 3 4 5; do printf "错%.0s" {1..3000}; echo; done; exit 1');
    await launch(env);
    expect(statSync(join(place, 'termination-log')).size).toBeLessThanOrEqual(4096);
    expect(textOf(join(place, 'termination-log'))).not.toContain('\uFFFD');
  });

  test('an error behind megabytes of progress bars is found', async () => {
    const { env } = pod('head -c 3000000 /dev/zero | tr "\\0" "\\r"; echo; cat "$MESSAGE"; exit 1', {
      MESSAGE: join(MESSAGES, 'data-missing.txt'),
    });
    expect((await launch(env)).code).toBe(codeOf('data'));
  });

  test('a termination log that cannot be written does not change the exit code', async () => {
    const { env } = pod('cat "$MESSAGE"; exit 1', { MESSAGE: join(MESSAGES, 'data-missing.txt') });
    const ended = await launch({ ...env, TERMINATION_LOG: '/nowhere/termination-log' });
    expect(ended.code).toBe(codeOf('data'));
    expect(ended.stderr).toContain('cannot write the termination message to /nowhere/termination-log');
  });
});

describe('the loss of a run that exits 0', () => {
  const message = (losses: string) => pod(`printf "%s\\n" "$LOG"`, { LOG: losses });

  test('of a recorded run with a loss of nothing is a failure', async () => {
    const { env, message } = pod('cat "$MESSAGE"', { MESSAGE: join(MESSAGES, 'loss-nan.txt') });
    expect((await launch(env)).code).toBe(codeOf('loss'));
    expect(message()).toMatch(/loss 0 and grad_norm nan.*lower learning_rate/);
  });

  test('of a recorded good run is none', async () => {
    const { env } = pod('cat "$MESSAGE"', { MESSAGE: join(MESSAGES, 'good-run.txt') });
    expect((await launch(env)).code).toBe(0);
  });

  test('as older transformers print it is seen too', async () => {
    const { env } = message("{'loss': nan, 'grad_norm': nan, 'learning_rate': 1e-05, 'epoch': 1.0}");
    expect((await launch(env)).code).toBe(codeOf('loss'));
  });

  test('may overflow once on the way, as float16 does', async () => {
    const { env } = message(
      "{'loss': 1.2, 'grad_norm': inf, 'learning_rate': 1e-05}\n{'loss': 0.9, 'grad_norm': 0.4, 'learning_rate': 1e-05}",
    );
    expect((await launch(env)).code).toBe(0);
  });

  test('may be missing: a finished run that is started again has no steps', async () => {
    const { env } = message("{'train_runtime': 0.01, 'train_loss': 0.0, 'epoch': 20.0}");
    expect((await launch(env)).code).toBe(0);
  });
});

describe('before the trainer starts', () => {
  test('a second run on the same folder is refused while the first is alive, and welcome after it', async () => {
    const { env, place, message } = pod('touch "$PLACE/ready"; until [[ -e "$PLACE/go" ]]; do sleep 0.02; done');
    const first = start('bash', [LAUNCH], env);
    await until('the first run', () => readdirSync(place).includes('ready'));
    const second = await launch(env);
    expect(second.code).toBe(codeOf('locked'));
    expect(message()).toContain(`another run is writing to ${env.OUTPUT_DIR}`);
    write(join(place, 'go'), '');
    expect((await first.ended).code).toBe(0);
    expect((await launch(env)).code).toBe(0);
  });

  test('a folder that cannot be made is told', async () => {
    const { env, place, message } = pod('exit 0');
    write(join(place, 'file'), '');
    expect((await launch({ ...env, OUTPUT_DIR: join(place, 'file', 'out') })).code).toBe(codeOf('other'));
    expect(message()).toMatch(/cannot write to .*check the saves volume/);
  });

  test.each(['TRAIN_CONFIG', 'OUTPUT_DIR'])('%s must be set', async (name) => {
    const { env, message } = pod('exit 0');
    expect((await launch({ ...env, [name]: '' })).code).toBe(codeOf('config'));
    expect(message()).toContain(`${name} is not set`);
  });

  test('an image without llamafactory-cli is told', async () => {
    const { env, message } = pod('exit 0');
    expect((await launch({ ...env, PATH })).code).toBe(codeOf('config'));
    expect(message()).toContain('llamafactory-cli is not on PATH');
  });
});

describe('the table', () => {
  const table: { causes: Array<{ class: string; pattern: string }> } = JSON.parse(
    readFileSync(join(RUNTIME, 'exit-codes.json'), 'utf8'),
  );
  const named = [
    ...readFileSync(LAUNCH, 'utf8').matchAll(/--class ([a-z][a-z-]*)/g),
    ...readFileSync(join(RUNTIME, 'diagnose.py'), 'utf8').matchAll(/return \(?"([a-z][a-z-]*)", /g),
  ].map((match) => match[1] ?? '');

  test('knows every class that launch.sh, diagnose.py and its own causes name', () => {
    const known = exitClasses().map(({ name }) => name);
    expect(named.length).toBeGreaterThan(5);
    for (const name of [...named, ...table.causes.map((cause) => cause.class)]) expect(known).toContain(name);
  });

  test('has no class that nothing leads to', () => {
    const used = new Set([...named, ...table.causes.map((cause) => cause.class)]);
    for (const { name } of exitClasses()) expect(used).toContain(name);
  });
});
