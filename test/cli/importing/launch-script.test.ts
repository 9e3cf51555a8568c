import { launchSettings } from '../../../src/cli/importing/launch-script';

const variablesOf = (script: string) => Object.fromEntries(launchSettings(script).variables);

test.each([
  ['export A=1', { A: '1' }],
  ['export A="two words" B=\'$HOME\'', { A: 'two words', B: '$HOME' }],
  ['A=1 B=2 llamafactory-cli train x.yaml', { A: '1', B: '2' }],
  ['A=1; export B=2 && C=', { A: '1', B: '2', C: '' }],
  ['A=1 # why', { A: '1' }],
  ['export A=1 \\\n  B=2', { A: '1', B: '2' }],
  ['A=1\nA=2', { A: '2' }],
  ['export A=1\r\n', { A: '1' }],
])('%j assigns %j', (script, expected) => {
  expect(variablesOf(script)).toEqual(expected);
});

test.each(['A=$B', 'export A="$PWD:$A"', 'A=$(nproc)', 'A=`nproc`', 'A=~/x', 'A=*.json', 'A=(1 2)'])(
  'what only a shell knows is not taken for a value: %s',
  (script) => {
    expect(launchSettings(script)).toMatchObject({ variables: new Map(), computed: ['A'] });
  },
);

test.each(['if x; then\n  A=1\nfi', '# A=1', 'echo A=1', '[ A=1 ]'])('is no assignment: %j', (script) => {
  expect(variablesOf(script)).toEqual({});
});

test.each([
  ['export A=1', ['A']],
  ['A=1 llamafactory-cli train x.yaml', ['A']],
  ['A=1', []],
  ['A=1; llamafactory-cli train x.yaml', []],
])('%j lets the trainer see %j', (script, expected) => {
  expect([...launchSettings(script).exported]).toEqual(expected);
});

test.each([
  ['export CUDA_VISIBLE_DEVICES=0,1,2,3', 4],
  ['CUDA_VISIBLE_DEVICES="2" llamafactory-cli train x.yaml', 1],
  ['torchrun --nproc_per_node 8 src/train.py x.yaml', 8],
  ['torchrun --nproc-per-node=2 src/train.py x.yaml', 2],
  ['deepspeed --num_gpus 3 src/train.py x.yaml', 3],
  ['NPROC_PER_NODE=5 FORCE_TORCHRUN=1 llamafactory-cli train x.yaml', 5],
  ['export CUDA_VISIBLE_DEVICES=0,1\ntorchrun --nproc_per_node 8 src/train.py x.yaml', 2],
  ['export CUDA_VISIBLE_DEVICES=\nllamafactory-cli train x.yaml', undefined],
  ['llamafactory-cli train x.yaml', undefined],
])('%j uses %j GPUs', (script, gpus) => {
  expect(launchSettings(script).gpus).toBe(gpus);
});

test('nodes and arguments on the command line are seen', () => {
  const script = 'NNODES=2 llamafactory-cli train a/x.yaml learning_rate=1e-5 --num_train_epochs=3';
  expect(launchSettings(script)).toMatchObject({
    nodes: 2,
    overrides: ['learning_rate=1e-5', '--num_train_epochs=3'],
  });
});
