import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TrainerImage } from '../../src';
import { REPOSITORY, temporaryFolder, write } from '../folder';

const read = (...path: string[]): string => readFileSync(join(REPOSITORY, ...path), 'utf8');
const image = (file: string): string => read('images', 'trainer', file);
/** Lines without comments. */
const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
/** Versions by package. */
const pinsOf = (text: string): Record<string, string> =>
  Object.fromEntries(linesOf(text).map((line) => line.split(/==| /, 2)));
/** The versions that the README says the image holds. */
const declared: Record<string, string> = Object.fromEntries(
  [...image('README.md').matchAll(/^ {4}(\w+): '([\d.a-z]+)',$/gm)].map(([, name = '', version = '']) => [
    name,
    version,
  ]),
);
const official = TrainerImage.official();
const folder = temporaryFolder();

test('every package is pinned to a version and a hash', () => {
  for (const line of [...linesOf(image('requirements.txt')), ...linesOf(image('deepspeed.txt'))]) {
    expect(line).toMatch(/^[a-z-]+==[\d.]+ --hash=sha256:[0-9a-f]{64}$/);
  }
});

test('bitsandbytes is the one that the prepare Job installs', () => {
  const [line] = linesOf(read('runtime', 'requirements', 'bitsandbytes.txt'));
  expect(linesOf(image('requirements.txt'))).toContain(line);
});

test('the base is the official image, by its tag', () => {
  expect(image('Dockerfile')).toContain(`\nARG BASE=${official.reference}\nFROM \${BASE}\n`);
});

test('DeepSpeed is the release that the official image has', () => {
  expect(pinsOf(image('deepspeed.txt'))['deepspeed']).toBe(official._contents.deepspeed);
});

test('the README declares what the image holds', () => {
  const pins = { ...pinsOf(image('requirements.txt')), ...pinsOf(image('deepspeed.txt')) };
  expect(declared).toEqual({
    llamafactory: official._contents.llamafactory,
    deepspeed: pins['deepspeed'],
    bitsandbytes: pins['bitsandbytes'],
    ligerKernel: pins['liger-kernel'],
    tensorboard: pins['tensorboard'],
    flashAttention: official._contents.flashAttention,
  });
});

test('the image ends as a user other than root', () => {
  const users = [...image('Dockerfile').matchAll(/^USER (.*)$/gm)].map(([, user]) => user);
  expect(users).toEqual(['1000:1000']);
});

test('what is compiled runs on any processor with AVX2', () => {
  // The wrapper itself, with a program in the compiler's place that prints what it is given.
  write(folder, {
    'g++': '#!/bin/sh\nprintf "%s\\n" "$@"\n',
    wrapper: image('portable-g++').replace('/usr/bin/g++', './g++'),
  });
  spawnSync('chmod', ['+x', 'g++'], { cwd: folder });
  const { stdout } = spawnSync('bash', ['wrapper', '-O3', '-march=native', '-D__AVX512__', '-DX="a b"', 'a.cpp'], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(stdout.split('\n')).toEqual(['-O3', '-march=x86-64-v3', '-D__AVX256__', '-DX="a b"', 'a.cpp', '']);
});
