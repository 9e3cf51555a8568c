import { TrainerImage } from '../src';
import { chartOf, findingsWith, mathRun } from './synthesis';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

test('the official image is pinned to the newest release known', () => {
  expect(TrainerImage.official().reference).toBe('hiyouga/llamafactory:0.9.5');
});

test('the official image has DeepSpeed, flash-attn and the CUDA toolkit, and no bitsandbytes', () => {
  expect(TrainerImage.official()._contents).toEqual({
    llamafactory: '0.9.5',
    transformers: '5.6.0',
    deepspeed: '0.18.4',
    packages: ['nltk', 'jieba', 'rouge-chinese'],
    flashAttention: '2.7.4.post1',
    cudaToolkit: true,
  });
});

test('an older official image has what that release was built with', () => {
  const image = TrainerImage.official({ release: '0.9.4' });
  expect(image.reference).toBe('hiyouga/llamafactory:0.9.4');
  expect(image._contents).toEqual(
    expect.objectContaining({ llamafactory: '0.9.4', transformers: '4.57.1', deepspeed: '0.16.9' }),
  );
});

test.each(['registry.example.com/hub', 'registry.example.com/hub/', 'registry.example.com/hub//'])(
  'a mirror %s stands before the name, and is no part of the identity',
  (registry) => {
    const image = TrainerImage.official({ registry });
    expect(image.reference).toBe('registry.example.com/hub/hiyouga/llamafactory:0.9.5');
    expect(image._identity).toBe(TrainerImage.official()._identity);
  },
);

test('a digest stands behind the tag, and is a part of what the run depends on', () => {
  const image = TrainerImage.official({ digest: DIGEST, registry: 'registry.example.com/hub' });
  expect(image.reference).toBe(`registry.example.com/hub/hiyouga/llamafactory:0.9.5@${DIGEST}`);
  expect(image._identity).toBe(`hiyouga/llamafactory:0.9.5@${DIGEST}`);
  expect(image._contents).toEqual(TrainerImage.official()._contents);
  expect(image._problems).toEqual([]);
});

test.each(['sha256:abc', 'latest', '', DIGEST.toUpperCase()])('%j is no digest', (digest) => {
  expect(TrainerImage.official({ digest })._problems).toEqual([
    expect.objectContaining({ id: 'image-not-pinned', key: 'TrainerImage.official.digest' }),
  ]);
});

test.each<[string, TrainerImage, number]>([
  ['the official tag of a release', TrainerImage.official(), 0],
  ['a version', TrainerImage.custom('localhost:5000/own:1'), 0],
  ['a digest', TrainerImage.custom(`own@${DIGEST}`), 0],
  ['a digest behind a branch', TrainerImage.custom(`own:main@${DIGEST}`), 0],
  ['a branch', TrainerImage.custom('localhost:5000/own:main'), 1],
  ['a stage', TrainerImage.custom('own:Staging'), 1],
  ['no tag at all, which is an error already', TrainerImage.custom('own'), 0],
])('of a tag that is made to be moved is warned: %s', (_, image, warnings) => {
  const { app, chart } = chartOf();
  mathRun(chart, { image });
  expect(findingsWith(app, 'image-tag-moves')).toHaveLength(warnings);
});

test('a release of which no image was published is a problem', () => {
  expect(TrainerImage.official({ release: '0.9.3' })._problems).toEqual([
    {
      id: 'unknown-release',
      key: 'TrainerImage.official.release',
      message: 'no official image of this release was published',
      got: '0.9.3',
      allowed: '0.9.4, 0.9.5',
      change: 'take a newer release, or your own image by TrainerImage.custom',
    },
  ]);
});

test.each([
  ['TrainerImage.official.release', TrainerImage.official({ release: '0.8.0' as never })],
  ['TrainerImage.custom.llamafactory', TrainerImage.custom('example/own:1', { llamafactory: '0.8.0' as never })],
])('a release that is not known is a problem at %s, and taken as the default', (key, image) => {
  expect(image._problems).toEqual([
    expect.objectContaining({
      id: 'unknown-release',
      key,
      message: 'this LLaMA-Factory release is not known',
      got: '0.8.0',
    }),
  ]);
  expect(image._contents.llamafactory).toBe('0.9.5');
});

test('an image of one’s own holds what was said', () => {
  const contents = {
    llamafactory: '0.9.4' as const,
    transformers: '4.55.0',
    deepspeed: '0.16.9',
    bitsandbytes: '0.49.2',
    ligerKernel: '0.5.0',
    flashAttention: '2.7.4',
    cudaToolkit: true,
  };
  expect(TrainerImage.custom('example/own:1', contents)._contents).toEqual(contents);
});

test.each<['0.9.3' | '0.9.4' | '0.9.5', string]>([
  ['0.9.3', '4.52.4'],
  ['0.9.4', '4.57.1'],
  ['0.9.5', '5.6.0'],
])('with LLaMA-Factory %s, transformers is taken to be %s', (llamafactory, transformers) => {
  expect(TrainerImage.custom('example/own:1', { llamafactory })._contents.transformers).toBe(transformers);
});

test('an image of one’s own of which nothing is said holds LLaMA-Factory and no more', () => {
  expect(TrainerImage.custom('example/own:1')._contents).toEqual({
    llamafactory: '0.9.5',
    transformers: '5.6.0',
    cudaToolkit: false,
  });
});

test.each([
  'own:1',
  'own:0.9.5-bnb',
  'registry.example.com/own:v1_2',
  'localhost:5000/own:1',
  `own@${DIGEST}`,
  `registry.example.com:5000/team/own@${DIGEST}`,
  `own:latest@${DIGEST}`,
])('the reference %s is pinned', (image) => {
  expect(TrainerImage.custom(image)._problems).toEqual([]);
  expect(TrainerImage.custom(image).reference).toBe(image);
});

test.each(['own', 'own:latest', 'localhost:5000/own', 'own:', '', `own@sha256:abc`, `own@${DIGEST}0`, 'own:a b'])(
  'the reference %j is not',
  (image) => {
    expect(TrainerImage.custom(image)._problems).toEqual([
      {
        id: 'image-not-pinned',
        key: 'TrainerImage.custom',
        message: 'the image may change under the run: its reference has no tag, or the tag latest',
        got: image,
        allowed: 'name:tag, or name@sha256:…',
        change: 'name a release tag or a digest',
      },
    ]);
  },
);
