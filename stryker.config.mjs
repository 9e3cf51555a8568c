import { readdirSync, readFileSync } from 'node:fs';

// Mutation testing of the pure parts: plain functions on plain data. Each area is judged by its own tests alone, which
// is stricter than by all of them, and makes it end: a mutant of a widely used file would else run hundreds of tests.
// One area a call: `MUTATION_AREA=rules npm run mutation`. Where that takes too long, a sample of all its files:
// `MUTATION_SAMPLE=8` takes every eighth window of fifteen lines, `MUTATION_SEED` says which.
const AREAS = {
  llamafactory: {
    mutate: /^llamafactory\/[^/]+$/,
    tests: [
      'test/llamafactory/*.test.ts',
      'test/judge/rules/data/dataset-rows.test.ts',
      'test/cli/importing/*.test.ts',
    ],
  },
  parser: { mutate: /^llamafactory\/parser\//, tests: ['test/llamafactory/{parse,verdicts}.test.ts'] },
  kubernetes: {
    mutate: /^(kubernetes|deepspeed)\//,
    tests: ['test/{kubernetes,deepspeed}/*.test.ts', 'test/deepspeed-zero3.test.ts'],
  },
  planning: { mutate: /^planning\/[^/]+$/, tests: ['test/planning/*.test.ts'] },
  rules: { mutate: /^judge\/rules\//, tests: ['test/judge/rules/**/*.test.ts'] },
  cli: { mutate: /^cli\/(cards|difference|edits|model-shape)\.ts$/, tests: ['test/cli/*.test.ts'] },
  judge: { mutate: /^(judge|run)\/[^/]+$/, tests: ['test/{judge,run}/*.test.ts'] },
  values: {
    mutate: /^(job\/(code|prop-problems)|gpu|node-pool|qwen-model|source|trainer-image)\.ts$/,
    tests: ['test/*.test.ts', 'test/job/*.test.ts'],
  },
};

const area = process.env.MUTATION_AREA ?? 'llamafactory';
const { mutate, tests } = AREAS[area];
const files = readdirSync('src', { recursive: true })
  .filter((name) => name.endsWith('.ts') && mutate.test(name))
  .map((name) => `src/${name}`);

/** Windows of a file's lines, one of so many. A mutant that spans two windows is in no sample. */
function windows(file, index, every, seed) {
  const lines = readFileSync(file, 'utf8').split('\n').length;
  const starts = Array.from({ length: Math.ceil(lines / 15) }, (_, i) => 15 * i + 1);
  return starts
    .filter((_, i) => (i + 7 * index + seed) % every === 0)
    .map((start) => `${file}:${start}-${Math.min(start + 14, lines)}`);
}

const every = Number(process.env.MUTATION_SAMPLE ?? 1);
const seed = Number(process.env.MUTATION_SEED ?? 0);

export default {
  mutate: every === 1 ? files : files.flatMap((file, index) => windows(file, index, every, seed)),
  testRunner: 'jest',
  jest: {
    // What Stryker finds through imports would also pull in other areas' tests.
    enableFindRelatedTests: false,
    config: { testMatch: tests.map((pattern) => `<rootDir>/${pattern}`) },
  },
  // A mutant that only runs while a file loads costs the area's whole suite; tables are checked against their sources.
  ignoreStatic: true,
  disableTypeChecks: false,
  concurrency: 2,
  timeoutMS: 30000,
  reporters: ['clear-text', 'json', 'progress'],
  jsonReporter: { fileName: `reports/mutation/${area}.json` },
  thresholds: { high: 95, low: 90, break: 85 },
  ignorePatterns: ['dist', 'lib', 'reports', 'test/cluster/bin*', 'test/cluster/run*', '.*'],
  tempDirName: `.stryker-tmp/${area}`,
};
