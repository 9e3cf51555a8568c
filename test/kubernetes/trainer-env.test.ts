import { envVars, HOME, launcherEnv, TMP, writablePlaces } from '../../src/kubernetes/trainer-env';

const options = {
  nodes: 1,
  gpus: 4,
  cpus: 16,
  trainConfig: '/etc/llamafactory/train_config.yaml',
  outputDir: '/saves/math/1',
  pythonPath: [],
};

test.each([
  'HOME',
  'XDG_CACHE_HOME',
  'HF_HOME',
  'MODELSCOPE_CACHE',
  'TORCH_HOME',
  'TORCH_EXTENSIONS_DIR',
  'TORCHINDUCTOR_CACHE_DIR',
  'TRITON_CACHE_DIR',
  'CUDA_CACHE_PATH',
  'NUMBA_CACHE_DIR',
  'MPLCONFIGDIR',
  'WANDB_DIR',
])('%s is a place under the writable home', (name) => {
  expect(`${writablePlaces()[name]}/`).toMatch(new RegExp(`^${HOME}/`));
});

test('no two caches share a folder', () => {
  const folders = Object.values(writablePlaces()).filter((value) => value.startsWith(`${HOME}/.cache/`));
  expect(new Set(folders).size).toBe(folders.length);
});

test('temporary files have a place of their own', () => {
  expect(writablePlaces()['TMPDIR']).toBe(TMP);
});

test('a user without an entry in /etc/passwd has a name', () => {
  expect(writablePlaces()).toEqual(expect.objectContaining({ USER: 'trainer', LOGNAME: 'trainer' }));
});

test('Python reads files as UTF-8, shows its output at once and writes no bytecode', () => {
  expect(writablePlaces()).toEqual(
    expect.objectContaining({
      PYTHONUTF8: '1',
      LANG: 'C.UTF-8',
      PYTHONUNBUFFERED: '1',
      PYTHONDONTWRITEBYTECODE: '1',
    }),
  );
});

test('the launcher hears of every node, a process for each GPU, and asks no hub', () => {
  expect(launcherEnv(options)).toEqual({
    TRAIN_CONFIG: '/etc/llamafactory/train_config.yaml',
    OUTPUT_DIR: '/saves/math/1',
    FORCE_TORCHRUN: '1',
    GRACE_SECONDS: '50',
    NNODES: '1',
    NPROC_PER_NODE: '4',
    OMP_NUM_THREADS: '4',
    RECORD_VRAM: '1',
    HF_HUB_OFFLINE: '1',
  });
});

test.each([
  [18, 4, '4'],
  [2, 4, '1'],
  [8, 1, '8'],
])('%d CPUs for %d ranks are %s threads each', (cpus, gpus, threads) => {
  expect(launcherEnv({ ...options, cpus, gpus })['OMP_NUM_THREADS']).toBe(threads);
});

test('folders of Python code are put together in order', () => {
  expect(launcherEnv({ ...options, pythonPath: ['/code', '/packages'] })['PYTHONPATH']).toBe('/code:/packages');
});

test('a virtual environment and visible devices are passed on', () => {
  expect(launcherEnv({ ...options, virtualEnvironment: '/opt/venv', cudaVisibleDevices: '0,1' })).toEqual(
    expect.objectContaining({ VENV: '/opt/venv', CUDA_VISIBLE_DEVICES: '0,1' }),
  );
});

test('variables are sorted by name', () => {
  expect(envVars({ B: '2', C: '3' }, { A: '1' })).toEqual([
    { name: 'A', value: '1' },
    { name: 'B', value: '2' },
    { name: 'C', value: '3' },
  ]);
});

test('of two variables of one name the later wins', () => {
  expect(envVars({ A: '1' }, { A: '2' })).toEqual([{ name: 'A', value: '2' }]);
});
