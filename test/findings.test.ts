import { join } from 'node:path';
import { ApiObject, App, Chart, JsonPatch, Size } from 'cdk8s';
import {
  CpuPool,
  DatasetVolume,
  DeepSpeedZero3,
  Gpu,
  Model,
  ModelCache,
  NetworkAccess,
  NodePool,
  QwenQLoRAJob,
  type QwenQLoRAJobProps,
  SavesVolume,
  Source,
  Strategy,
  TrainerImage,
} from '../src';
import { FINDINGS } from '../src/judge/registry';
import type { Finding } from '../src/run/finding';
import { findingsOf } from '../src/tree/findings';
import { temporaryFolder, write } from './folder';
import { chartOf, mathDataset, mathRun } from './synthesis';

const folder = temporaryFolder();
const file = (name: string, content: string) => join(write(folder, { [name]: content }), name);
/** Put together here, so that no scanner takes this file for a leak. */
const TOKEN = ['hf_', 'A'.repeat(34)].join('');
const ROW = '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}';

/** What makes a finding, in a chart of the namespace `ml`, and what the finding says. */
type Case = readonly [id: Finding['id'], make: (chart: Chart) => void, expected: Partial<Finding>];

const run = (props: Partial<QwenQLoRAJobProps>) => (chart: Chart) => {
  mathRun(chart, props);
};
/** For props that TypeScript refuses and plain JavaScript doesn't. */
const train = (args: object) => run({ train: { ...args } });

const CASES: readonly Case[] = [
  [
    'acknowledged-error',
    run({ acknowledge: { 'argument-type': 'why' }, train: { ...{ loraRank: 'sixteen' } } as object }),
    { path: 'finetune/math', key: 'acknowledge.argument-type', change: 'mend what it finds' },
  ],
  [
    'acknowledged-nothing',
    run({ acknowledge: { 'host-path': 'why' } }),
    { severity: 'advice' as Finding['severity'], path: 'finetune/math', key: 'acknowledge.host-path' },
  ],
  [
    'acknowledged-unknown',
    run({ acknowledge: { hostpath: 'why' } }),
    { path: 'finetune/math', key: 'acknowledge.hostpath', allowed: 'the ids of docs/RULES.md' },
  ],
  [
    'acknowledged-without-reason',
    run({ acknowledge: { 'chatml-template': '' } }),
    { path: 'finetune/math', key: 'acknowledge.chatml-template', change: 'say why it is right as it is' },
  ],
  [
    'code-folder',
    run({ code: join(folder, 'nowhere') }),
    { path: 'finetune/math', key: 'code', got: `${join(folder, 'nowhere')}: ENOENT` },
  ],
  [
    'config-map-needs-server-side-apply',
    (chart) => mathDataset(chart, { path: file('large.json', `[${Array(3000).fill(ROW).join(',\n')}]`) }),
    {
      severity: 'warning' as Finding['severity'],
      path: 'finetune/math-train',
      key: 'large.json',
      got: expect.stringMatching(/^about \d+ bytes$/),
      allowed: '262144 bytes',
      change: 'apply with: kubectl apply --server-side -f dist/',
    },
  ],
  [
    'config-map-too-large',
    (chart) => mathDataset(chart, { path: file('huge.json', `[${Array(15000).fill(ROW).join(',\n')}]`) }),
    {
      path: 'finetune/math-train',
      key: 'huge.json',
      got: expect.stringMatching(/^\d+ bytes$/),
      allowed: '1048576 bytes',
      change: expect.stringMatching(/fromClaim.*fromDirectory/),
    },
  ],
  [
    'contradictory-props',
    (chart) => mathRun(chart, { strategy: Strategy.DDP, deepspeed: new DeepSpeedZero3(chart, 'zero3') }),
    {
      path: 'finetune/math',
      key: 'strategy',
      got: 'strategy: Strategy.DDP, deepspeed',
      allowed: 'one of the two',
    },
  ],
  [
    'contradictory-props',
    run({ sharedMemory: Size.gibibytes(64), memory: Size.gibibytes(60) }),
    {
      path: 'finetune/math',
      key: 'sharedMemory',
      got: '65536 MiB of 61440 MiB',
      allowed: 'less than memory',
    },
  ],
  [
    'dataset-directory',
    (chart) => DatasetVolume.fromDirectory(chart, 'shards', { path: write(join(folder, 'mixed'), { 'a.txt': '' }) }),
    { path: 'finetune/shards', key: 'path', got: 'a.txt', allowed: '.json files only, or .jsonl files only' },
  ],
  [
    'dataset-file',
    (chart) => mathDataset(chart, { path: file('single.json', ROW) }),
    {
      path: 'finetune/math-train',
      key: 'path',
      message: 'the file holds a single object, and a list of samples is needed',
      got: join(folder, 'single.json'),
      change: 'put the samples between [ and ], separated by commas',
    },
  ],
  [
    'dataset-rows',
    (chart) => mathDataset(chart, { path: file('rows.json', `[${ROW}, {"text": "a"}]`) }),
    {
      path: 'finetune/math-train',
      key: join(folder, 'rows.json'),
      message: '1 of 2 samples would be left out or stop the run',
      got: "row 2: 'messages' is missing; there are text",
    },
  ],
  [
    'duplicate-dataset',
    (chart) => {
      const dataset = mathDataset(chart);
      mathRun(chart, { dataset, additionalDatasets: [mathDataset(chart, {}, 'other')] });
    },
    { path: 'finetune/math', key: 'dataset', got: 'math_train' },
  ],
  [
    'duplicate-name',
    (chart) => {
      new SavesVolume(chart, 'saves');
      const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'finetune-saves' } };
      new ApiObject(chart, 'mine', claim);
    },
    {
      path: 'finetune-storage/finetune-saves',
      key: 'metadata.name',
      got: 'finetune-saves',
      message: expect.stringContaining('finetune/mine already makes a PersistentVolumeClaim of this name'),
    },
  ],
  [
    'image-not-pinned',
    run({ image: TrainerImage.custom('example/own:latest') }),
    {
      path: 'finetune/math',
      key: 'TrainerImage.custom',
      got: 'example/own:latest',
      allowed: 'name:tag, or name@sha256:…',
    },
  ],
  [
    'gpu-maker',
    run({ nodePool: NodePool.anyNode(Gpu.A100_80GB, { resource: 'amd.com/gpu' }) }),
    { path: 'finetune/math', key: 'image', got: 'hiyouga/llamafactory:0.9.5' },
  ],
  [
    'gpu-parts-together',
    run({ nodePool: NodePool.anyNode(Gpu.T10, { resource: 'nvidia.com/gpu.shared' }), gpus: 2 }),
    { path: 'finetune/math', key: 'gpus', got: '2 shares', allowed: '1' },
  ],
  [
    'gpu-shared',
    run({ nodePool: NodePool.anyNode(Gpu.T10, { resource: 'nvidia.com/gpu.shared' }) }),
    {
      severity: 'warning' as Finding['severity'],
      path: 'finetune/math',
      key: 'nodePool.resource',
      got: 'nvidia.com/gpu.shared',
    },
  ],
  [
    'gpu-smaller-than-planned',
    run({ nodePool: NodePool.anyNode(Gpu.A100_80GB, { resource: 'nvidia.com/mig-1g.10gb' }) }),
    { path: 'finetune/math', key: 'nodePool', got: 'A100-80GB, 80.0 GiB', allowed: 'at most 10.0 GiB' },
  ],
  [
    'rocm-unproven',
    run({ nodePool: NodePool.anyNode(Gpu.A100_80GB, { resource: 'amd.com/gpu' }) }),
    { severity: 'warning' as Finding['severity'], path: 'finetune/math', key: 'nodePool' },
  ],
  [
    'image-tag-moves',
    run({ image: TrainerImage.custom('example/own:main') }),
    { severity: 'warning' as Finding['severity'], path: 'finetune/math', key: 'image', got: 'example/own:main' },
  ],
  [
    'service-account-token',
    run({ podTemplate: { spec: { automountServiceAccountToken: true } } }),
    {
      severity: 'warning' as Finding['severity'],
      path: 'finetune/math',
      key: 'podTemplate.spec.automountServiceAccountToken',
    },
  ],
  [
    'invalid-dataset-name',
    (chart) => mathDataset(chart, { name: '数学' }),
    { path: 'finetune/math-train', key: 'name', got: '数学', allowed: 'letters, digits, ., _ and -' },
  ],
  [
    'invalid-gpu',
    run({ nodePool: NodePool.anyNode(Gpu.custom({ name: 'X', memory: Size.gibibytes(16), computeCapability: -1 })) }),
    { path: 'finetune/math', key: "Gpu.custom('X').computeCapability", got: '-1', allowed: 'a positive number' },
  ],
  [
    'invalid-model',
    run({ model: Model.custom({ name: 'X', repository: 'a/X', config: { model_type: 'qwen3' } }) }),
    { path: 'finetune/math', key: 'Model.custom.config', message: expect.stringContaining('X') },
  ],
  [
    'model-not-planned',
    run({ model: Model.custom({ name: 'X', repository: 'a/X' }) }),
    {
      severity: 'warning' as Finding['severity'],
      path: 'finetune/math',
      key: 'model',
      message: expect.stringContaining('not planned'),
      got: 'X: its config.json is not given',
    },
  ],
  [
    'unplanned-resource',
    run({ model: Model.custom({ name: 'X', repository: 'a/X' }) }),
    { path: 'finetune/math', key: 'memory', change: 'for example memory: Size.gibibytes(64)' },
  ],
  [
    'invalid-node-pool',
    run({ nodePool: NodePool.of(Gpu.T10, { gpus: 0 }) }),
    { path: 'finetune/math', key: 'NodePool.gpus', got: '0', allowed: 'a whole number from 1' },
  ],
  [
    'invalid-proxy',
    run({ networkAccess: NetworkAccess.restricted([], { proxy: { url: 'ftp://proxy.example.com' } }) }),
    { path: 'finetune/math', key: 'networkAccess.proxy.url', got: 'ftp://proxy.example.com' },
  ],
  [
    'invalid-prop',
    run({ memory: 20 as never }),
    { path: 'finetune/math', key: 'memory', got: '20', allowed: 'a Size: Size.gibibytes(20)' },
  ],
  [
    'missing-prop',
    (chart) => new QwenQLoRAJob(chart, 'math', {} as never),
    { path: 'finetune/math', key: 'dataset', allowed: expect.stringContaining('DatasetVolume.fromFile') },
  ],
  [
    'unknown-prop',
    run({ trian: {} } as never),
    { path: 'finetune/math', key: 'trian', got: 'trian', change: 'did you mean train?' },
  ],
  [
    'invalid-quantity',
    run({ gpus: 1.5 }),
    { path: 'finetune/math', key: 'gpus', got: '1.5', allowed: 'a whole number from 1' },
  ],
  [
    'invalid-quantity',
    run({ runAsUser: 0 }),
    { path: 'finetune/math', key: 'runAsUser', got: '0', allowed: 'a whole number from 1' },
  ],
  [
    'local-volume-needs-namespace',
    (chart) => {
      const outside = new Chart(chart.node.root, 'outside');
      ModelCache.onNode(outside, 'models', { hostname: 'server', path: '/models' });
    },
    { path: 'outside/models', key: 'namespace', change: expect.stringContaining("{ namespace: 'ml' }") },
  ],
  [
    'missing-reference',
    (chart) => {
      const elsewhere = new Chart(chart.node.root, 'elsewhere', { namespace: 'elsewhere' });
      mathRun(chart, { saves: new SavesVolume(elsewhere, 'saves') });
    },
    {
      path: 'finetune/math',
      key: 'volumes.saves',
      message: "nothing makes the PersistentVolumeClaim 'elsewhere-saves' in this namespace",
    },
  ],
  [
    'memory-too-small',
    run({ memory: Size.gibibytes(20) }),
    {
      path: 'finetune/math',
      key: 'memory',
      got: '20.0 GiB',
      message: expect.stringContaining('4 ranks 8.0 + a checkpoint on its way out 1.0 + offloaded weights 13.1'),
    },
  ],
  [
    'shared-memory-too-small',
    run({ sharedMemory: Size.mebibytes(64) }),
    { path: 'finetune/math', key: 'sharedMemory', got: '64 MiB', allowed: 'at least 352 MiB, 704 MiB with headroom' },
  ],
  [
    'ephemeral-storage-too-small',
    run({ ephemeralStorage: Size.gibibytes(1) }),
    { path: 'finetune/math', key: 'ephemeralStorage', got: '1024 MiB' },
  ],
  [
    'model-cache-too-small',
    (chart) => mathRun(chart, { modelCache: new ModelCache(chart, 'models', { size: Size.gibibytes(20) }) }),
    {
      path: 'finetune/models',
      key: 'size',
      got: '20.0 GiB',
      allowed: 'at least 27.7 GiB',
      message: expect.stringContaining('modelscope/Qwen/Qwen3-14B/master 27.6 + packages 0.2 GiB'),
    },
  ],
  [
    'saves-too-small',
    (chart) => mathRun(chart, { saves: new SavesVolume(chart, 'saves', { size: Size.gibibytes(5) }) }),
    {
      path: 'finetune/saves',
      key: 'size',
      got: '5.0 GiB',
      message: expect.stringMatching(
        /the runs leave more than the volume holds, checkpoints included: finetune\/math [\d.]+ GiB/,
      ),
    },
  ],
  [
    'node-too-small',
    run({ gpus: 8 }),
    { path: 'finetune/math', key: 'gpus', got: '8', allowed: 'at most 4', change: 'ask for fewer' },
  ],
  [
    'node-too-small',
    run({ nodePool: NodePool.of(Gpu.T10, { memory: Size.gibibytes(28) }) }),
    {
      path: 'finetune/math',
      key: 'memory',
      got: '29.0 GiB',
      allowed: 'at most 28.0 GiB',
      message: expect.stringContaining(
        '4 ranks 8.0 + a checkpoint on its way out 1.0 + offloaded weights 13.1 + offloaded optimizer 1.1 + workers 2.2 + margin 2.5 + /dev/shm 0.7 GiB',
      ),
    },
  ],
  [
    'node-too-small',
    run({ nodePool: NodePool.of(Gpu.T10, { cpus: 8 }), cpus: 16 }),
    { path: 'finetune/math', key: 'cpus', got: '16', allowed: 'at most 8' },
  ],
  [
    'invalid-destination',
    run({ networkAccess: NetworkAccess.restricted([{ cidr: 'api.wandb.ai' }]) }),
    { path: 'finetune/math', key: 'networkAccess', got: 'api.wandb.ai', allowed: expect.stringMatching(/\/32/) },
  ],
  ...(
    [
      [run({ serviceAccountName: 'My_Account' }), 'finetune/math', 'serviceAccountName', '"My_Account"'],
      [run({ priorityClassName: 'High' }), 'finetune/math', 'priorityClassName', '"High"'],
      [run({ imagePullSecrets: ['ok', 'not ok'] }), 'finetune/math', 'imagePullSecrets', '"not ok"'],
      [run({ labels: { 'a b': 'c' } }), 'finetune/math', 'labels', '"a b"'],
      [run({ labels: { a: 'b c' } }), 'finetune/math', 'labels.a', '"b c"'],
      [run({ annotations: { 'a b': 'c' } }), 'finetune/math', 'annotations', '"a b"'],
      [run({ env: { '1A': 'x' } }), 'finetune/math', 'env', '"1A"'],
      [
        run({ nodePool: NodePool.of(Gpu.T10, { runtimeClassName: 'NVIDIA' }) }),
        'finetune/math',
        'NodePool.runtimeClassName',
        '"NVIDIA"',
      ],
      [
        run({ nodePool: NodePool.of(Gpu.T10, { tolerations: ['a b'] }) }),
        'finetune/math',
        'NodePool.tolerations',
        '"a b"',
      ],
      [
        (chart: Chart) => ModelCache.fromClaim(chart, 'models', { claimName: 'Models', modelPath: 'qwen' }),
        'finetune/models',
        'claimName',
        '"Models"',
      ],
      [
        (chart: Chart) => SavesVolume.fromClaim(chart, 'saves', { claimName: 'Saves' }),
        'finetune/saves',
        'claimName',
        '"Saves"',
      ],
      [
        (chart: Chart) => DatasetVolume.fromClaim(chart, 'sets', { claimName: 'Sets', path: 'a.json' }),
        'finetune/sets',
        'claimName',
        '"Sets"',
      ],
      [
        (chart: Chart) => new SavesVolume(chart, 'saves', { storageClassName: 'Fast' }),
        'finetune/saves',
        'storageClassName',
        '"Fast"',
      ],
    ] as const
  ).map(([make, path, key, got]): Case => ['invalid-name', make, { path, key, got }]),
  [
    'relative-path',
    (chart) => SavesVolume.fromClaim(chart, 'saves', { claimName: 'saves', subPath: '/team' }),
    { path: 'finetune/saves', key: 'subPath', got: '/team' },
  ],
  [
    'tracker-unreachable',
    run({ train: { reportTo: 'wandb' } }),
    { path: 'finetune/math', key: 'train.reportTo', got: 'wandb', change: expect.stringMatching(/restricted/) },
  ],
  [
    'pods-apart',
    run({ preparePod: { nodePool: CpuPool.of() } }),
    {
      severity: 'warning' as Finding['severity'],
      path: 'finetune/math',
      key: 'preparePod.nodePool',
      got: 'finetune-math-models: ReadWriteOnce',
    },
  ],
  [
    'preflight-holds-gpus',
    run({ preflight: true }),
    { severity: 'warning' as Finding['severity'], path: 'finetune/math', key: 'preflight' },
  ],
  [
    'owned-argument',
    train({ outputDir: '/elsewhere' }),
    {
      path: 'finetune/math',
      key: 'train.outputDir',
      got: '"/elsewhere"',
      change: 'take it out; what it is set to follows from saves',
    },
  ],
  ...(
    [
      ['NNODES', '2'],
      ['MASTER_ADDR', 'gpu-0'],
      ['NPROC_PER_NODE', '1'],
      ['CUDA_VISIBLE_DEVICES', '0'],
    ] as const
  ).map(
    ([name, value]): Case => [
      'owned-variable',
      run({ env: { [name]: value } }),
      { path: 'finetune/math', key: `env.${name}`, got: value },
    ],
  ),
  ...(['NNODES', 'MASTER_ADDR', 'USE_RAY'] as const).map(
    (name): Case => [
      'owned-variable',
      run({ podTemplate: { spec: { containers: [{ name: 'trainer', env: [{ name, value: '2' }] }] } } }),
      { path: 'finetune/math', key: `podTemplate.spec.containers.trainer.env.${name}`, got: '2' },
    ],
  ),
  [
    'owned-variable',
    run({
      podTemplate: {
        spec: {
          containers: [
            { name: 'trainer', env: [{ name: 'MASTER_ADDR', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }] },
          ],
        },
      },
    }),
    { path: 'finetune/math', key: 'podTemplate.spec.containers.trainer.env.MASTER_ADDR', got: 'no value' },
  ],
  [
    'variable-reference',
    run({ env: { WHERE: '$(POD_IP):80' } }),
    { path: 'finetune/math', key: 'env.WHERE', allowed: 'a value without $(' },
  ],
  [
    'patched-from-outside',
    (chart) => ApiObject.of(mathRun(chart).job).addJsonPatch(JsonPatch.remove('/spec/template/spec/tolerations')),
    {
      path: 'finetune/math',
      key: 'spec.template',
      got: '/spec/tolerations',
      change: expect.stringMatching(/nodePool/),
    },
  ],
  [
    'container-without-resources',
    run({ podTemplate: { spec: { initContainers: [{ name: 'log', image: 'log:1', restartPolicy: 'Always' }] } } }),
    {
      severity: 'warning' as Finding['severity'],
      path: 'finetune/math',
      key: 'podTemplate.spec.containers.log.resources',
      got: 'no cpu, no memory',
    },
  ],
  [
    'pod-template',
    run({ podTemplate: { spec: { restartPolicy: 'Always' } } }),
    { path: 'finetune/math', key: 'podTemplate.spec.restartPolicy', got: 'Always', allowed: 'Never' },
  ],
  [
    'pod-template',
    run({ podTemplate: { spec: { containers: 'x' } } }),
    { path: 'finetune/math', key: 'podTemplate.spec.containers', got: '"x"', allowed: 'a list of mappings' },
  ],
  ...(
    [
      [run({ env: { HF_TOKEN: TOKEN } }), 'finetune/math', 'env.HF_TOKEN', ''],
      [run({ env: { WANDB_API_KEY: '0a'.repeat(20) } }), 'finetune/math', 'env.WANDB_API_KEY', ''],
      [run({ env: { DB_PASSWORD: 'tiger' } }), 'finetune/math', 'env.DB_PASSWORD', ''],
      [run({ env: { HTTPS_PROXY: 'http://me:tiger@proxy:3128' } }), 'finetune/math', 'env.HTTPS_PROXY', ''],
      [
        run({ podTemplate: { spec: { containers: [{ name: 'trainer', env: [{ name: 'MY_TOKEN', value: 'x' }] }] } } }),
        'finetune/math',
        'podTemplate.spec.containers[0].env[0].value',
        '',
      ],
      [run({ packageIndex: 'https://me:tiger@mirror/simple' }), 'finetune/math', 'packageIndex', ''],
      [run({ env: { HF_ENDPOINT: 'https://me:tiger@mirror' } }), 'finetune/math', 'env.HF_ENDPOINT', ''],
      [run({ image: TrainerImage.custom('me:tiger@registry/trainer:1') }), 'finetune/math', 'image', ''],
      [run({ image: TrainerImage.official({ registry: 'me:tiger@registry' }) }), 'finetune/math', 'image', ''],
      [run({ labels: { token: TOKEN } }), 'finetune/math', 'labels.token', ''],
      [run({ annotations: { note: `by ${TOKEN}` } }), 'finetune/math', 'annotations.note', ''],
      [
        run({ podTemplate: { spec: { containers: [{ name: 'trainer', env: [{ name: 'A', value: TOKEN }] }] } } }),
        'finetune/math',
        'podTemplate.spec.containers[0].env[0].value',
        '',
      ],
      [train({ runName: TOKEN }), 'finetune/math', 'train_config.yaml', 'line \\d+ has '],
      [
        run({ code: write(join(folder, 'secret'), { 'a.py': `x = 1\nlogin("${TOKEN}")\n` }) }),
        'finetune/math',
        'a.py',
        'line 2 has ',
      ],
      [
        (chart: Chart) => mathDataset(chart, { path: file('secret.json', `[${ROW.replace('"a"', `"${TOKEN}"`)}]`) }),
        'finetune/math-train',
        'secret.json',
        '',
      ],
    ] as const
  ).map(
    ([make, path, key, line]): Case => [
      'secret-in-manifest',
      make,
      { path, key, got: expect.stringMatching(`^${line}what looks like an? `) },
    ],
  ),
  [
    'relative-path',
    (chart) => ModelCache.onNode(chart, 'models', { hostname: 'server', path: 'models' }),
    { path: 'finetune/models', key: 'path', got: 'models', allowed: 'a path that begins with /' },
  ],
  [
    'relative-path',
    (chart) => DatasetVolume.fromClaim(chart, 'claimed', { claimName: 'sets', path: '../x' }),
    { path: 'finetune/claimed', key: 'path', got: '../x', allowed: 'math/train.jsonl' },
  ],
  [
    'invalid-source',
    (chart) => DatasetVolume.fromSource(chart, 'fetched', { source: Source.huggingFace(), path: 'a.json' }),
    {
      path: 'finetune/fetched',
      key: 'source.repository',
      message: 'data come from a repository of data sets, and none is named',
      change: "name it: repository: 'owner/name'",
    },
  ],
  [
    'unknown-argument',
    train({ learningRte: 1e-4 }),
    { path: 'finetune/math', key: 'train.learningRte', message: 'LLaMA-Factory has no such argument' },
  ],
  [
    'unknown-release',
    run({ image: TrainerImage.official({ release: '0.9.3' }) }),
    { path: 'finetune/math', key: 'TrainerImage.official.release', got: '0.9.3', allowed: '0.9.4, 0.9.5' },
  ],
];

test.each(CASES)('%s tells where, what was got and what is allowed: %#', (id, make, expected) => {
  const { app, chart } = chartOf();
  make(chart);
  const finding = findingsOf(app).find((each) => each.id === id && each.key === expected.key);
  expect(finding).toEqual(expect.objectContaining({ severity: 'error', ...expected }));
  expect(FINDINGS.get(id)?.severities).toContain(finding?.severity);
});

test.each(CASES.filter(([, , { severity }]) => severity === undefined))('%s fails the synth: %#', (id, make) => {
  const { app, chart } = chartOf();
  make(chart);
  const printed = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    expect(() => app.charts.map((each) => each.toJson())).toThrow(new RegExp(`\\(${id}\\)`));
  } finally {
    printed.mockRestore();
  }
});

test('a data set of which no row can be read is in the entries all the same, so that the run is checked on', () => {
  const { app, chart } = chartOf();
  mathRun(chart, { dataset: mathDataset(chart, { path: 'nowhere.json' }), train: { loraRank: 8 } });
  expect(findingsOf(app).filter(({ severity }) => severity === 'error')).toHaveLength(1);
});

test('all findings of a program come together in one error', () => {
  const app = new App();
  const chart = new Chart(app, 'finetune');
  const dataset = mathDataset(chart, { path: 'nowhere.json', name: 'a,b' });
  ModelCache.onNode(chart, 'models', { hostname: 'server', path: 'models' });
  const misspelt: object = { learningRte: 1 };
  new QwenQLoRAJob(chart, 'one', { dataset, gpus: 8, train: { ...misspelt } });
  new QwenQLoRAJob(chart, 'two', { dataset, image: TrainerImage.custom('own'), backoffLimit: -1 });
  let message = '';
  try {
    chart.toJson();
  } catch (error) {
    message = (error as Error).message;
  }
  const ids = message.match(/(?<=\()[a-z-]+(?=\)$)/gm);
  expect(ids).toEqual(
    expect.arrayContaining([
      'dataset-file',
      'image-not-pinned',
      'invalid-dataset-name',
      'invalid-quantity',
      'local-volume-needs-namespace',
      'node-too-small',
      'relative-path',
      'unknown-argument',
    ]),
  );
});

test('every id of props, objects and checks is in the table above', () => {
  const ids = [...FINDINGS.values()].filter(
    // A check that crashes is tried where checks are made to: test/judge, test/tree.
    ({ id, subject }) => ['props', 'objects', 'checks'].includes(subject) && id !== 'check-failed',
  );
  expect(CASES.map(([id]) => id)).toEqual(expect.arrayContaining(ids.map(({ id }) => id)));
});
