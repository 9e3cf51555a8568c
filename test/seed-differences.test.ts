import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { Strategy } from '../src';
import { isMapping, type Mapping } from '../src/run/run';
import { REPOSITORY, temporaryFolder, write } from './folder';
import {
  chartOf,
  datasetEntryOf,
  deepspeedOf,
  type Manifests,
  manifestsOf,
  mathDataset,
  mathRun,
  trainConfigOf,
} from './synthesis';

const folder = temporaryFolder();
const page = readFileSync(join(REPOSITORY, 'docs', 'seed-differences.md'), 'utf8');

/** A key that two files don't agree on, with both values as the page writes them. */
interface Difference {
  readonly key: string;
  readonly seed: string;
  readonly preset: string;
}

const seedFile = (name: string) => readFileSync(join(__dirname, 'fixtures', 'seed', name), 'utf8');
/** The seed's arguments; that it has one key twice is told in words. */
const seedArguments = (): Mapping => parse(seedFile('train_config.yaml'), { version: '1.1', uniqueKeys: false });

/** The preset on the seed's own sample, twice in a list: val_size takes one. */
function presetManifests(strategy: Strategy): Manifests {
  const { app, chart } = chartOf();
  const row = seedFile('data/small_dataset.json');
  const path = join(write(folder, { 'small_dataset.json': `[${row}, ${row}]` }), 'small_dataset.json');
  mathRun(chart, { strategy, dataset: mathDataset(chart, { path }) });
  return manifestsOf(app);
}

function differences(seed: Mapping, preset: Mapping, prefix = ''): Difference[] {
  return [...new Set([...Object.keys(seed), ...Object.keys(preset)])].flatMap((key) => {
    const [a, b] = [seed[key], preset[key]];
    if (isMapping(a) && isMapping(b)) return differences(a, b, `${prefix}${key}.`);
    const difference = { key: prefix + key, seed: shown(a), preset: shown(b) };
    return difference.seed === difference.preset ? [] : [difference];
  });
}

function shown(value: unknown): string {
  if (value === undefined) return 'not set';
  return `\`${JSON.stringify(value).replace(/[0-9a-f]{10}"$/, '…"')}\``;
}

/** The table under a heading of the page. */
function table(heading: string): Array<Difference & { why: string }> {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^\| `(.+)` \| (.+) \| (.+) \| (.+) \|$/gm)].map(
    ([, key = '', seed = '', preset = '', why = '']) => ({ key, seed, preset, why }),
  );
}

const ofKey = (a: Difference, b: Difference): number => (a.key < b.key ? -1 : 1);
const rowsOf = (heading: string): Difference[] =>
  table(heading)
    .map(({ key, seed, preset }) => ({ key, seed, preset }))
    .sort(ofKey);

test('the page names every argument in which the preset differs from the seed, and no other', () => {
  const preset = trainConfigOf(presetManifests(Strategy.ZERO3_OFFLOAD));
  expect(rowsOf('train_config.yaml')).toEqual(differences(seedArguments(), preset).sort(ofKey));
});

test('the page names every argument that DDP changes beyond that, and no other', () => {
  const common = new Set(
    differences(seedArguments(), trainConfigOf(presetManifests(Strategy.ZERO3_OFFLOAD))).map((each) =>
      JSON.stringify(each),
    ),
  );
  const withDdp = differences(seedArguments(), trainConfigOf(presetManifests(Strategy.DDP)));
  expect(rowsOf('train_config.yaml with `Strategy.DDP`')).toEqual(
    withDdp.filter((each) => !common.has(JSON.stringify(each))).sort(ofKey),
  );
});

test('the page names every key of the DeepSpeed config that differs, and no other', () => {
  const preset = deepspeedOf(presetManifests(Strategy.ZERO3_OFFLOAD));
  const seed: Mapping = JSON.parse(seedFile('configs/ds_config_zero3.json'));
  expect(rowsOf('ds_config_zero3.json')).toEqual(differences(seed, preset).sort(ofKey));
});

test("the page names every key of the data set's entry that differs, and no other", () => {
  const preset = datasetEntryOf(presetManifests(Strategy.ZERO3_OFFLOAD));
  const seed: Mapping = JSON.parse(seedFile('data/dataset_info.json'))['math_train'];
  expect(rowsOf('dataset_info.json')).toEqual(differences(seed, preset).sort(ofKey));
});

test('every difference has a reason', () => {
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  expect(rows).toHaveLength(
    ['train_config.yaml', 'train_config.yaml with `Strategy.DDP`', 'ds_config_zero3.json', 'dataset_info.json'].flatMap(
      table,
    ).length,
  );
  for (const row of rows) expect(row.split(' | ').at(-1)).toMatch(/\w{3}/);
});

test('the seed has one key twice', () => {
  expect(() => parse(seedFile('train_config.yaml'))).toThrow(/unique/);
});
