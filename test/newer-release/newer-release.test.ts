import { join } from 'node:path';
import { TrainerImage } from '../../src';
import { fileStore } from '../../src/cli/file-store';
import { main } from '../../src/cli/main';
import { fieldsOf } from '../../src/llamafactory/fields';
import { loadConfig } from '../../src/llamafactory/load-config';
import { parse } from '../../src/llamafactory/parser/parse';
import { readRows } from '../../src/llamafactory/row-fates';
import { templatesOf } from '../../src/llamafactory/templates';
import { DEFAULT_RELEASE, RELEASES, type Release } from '../../src/run/releases';
import { REPOSITORY, temporaryFolder, write } from '../folder';
import { allCases, type ParityCase } from '../parity/cases';
import { dataCases } from '../parity/data-cases';
import { judge, silentFaults } from '../parity/judge';
import { makeFolder, removeFolder } from '../parity/oracle-run';
import { readVerdicts } from '../parity/verdicts';

jest.mock('../../src/run/release-table', () => jest.requireActual('./release-table'));

const LAST_KNOWN = '0.9.5' satisfies Release;
const NEWEST = '0.9.7' as string as Release;
const cases = allCases();
const PLACE = { path: 'a.yaml', file: 'a.yaml', gpus: 4, nodes: 1 };
const programs = temporaryFolder();
const folder = makeFolder();
const files = fileStore().from(folder);
afterAll(() => removeFolder(folder));

/** What is said of a release, as a text that would be the same of the last known one. */
const named = (said: unknown, release: Release) => JSON.stringify(said).replaceAll(release, LAST_KNOWN);

function run(...args: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const status = main(args, { out: (text) => out.push(text), err: (text) => err.push(text) });
  return { status, out: out.join(''), err: err.join('') };
}

test('the newest release that there is an image of is the default', () => {
  expect(RELEASES).toEqual(['0.9.3', '0.9.4', '0.9.5', '0.9.6', '0.9.7']);
  expect(DEFAULT_RELEASE).toBe('0.9.6');
});

describe('a release of which nothing is known is taken for the last known one', () => {
  test('by the twin of the parser, which gives the verdicts recorded of it', () => {
    const verdicts = readVerdicts(LAST_KNOWN, 'cases');
    const differing = cases.filter((one) => judge(one, NEWEST, files).accepted !== verdicts.get(one.id)?.[1]);
    expect(differing.map(({ id }) => id)).toEqual([]);
  });

  test('by what parser and rules say of a case', () => {
    const said = (one: ParityCase, of: Release) => [judge(one, of, files).findings, silentFaults(one, of)];
    for (const one of cases.filter(({ rule }) => rule !== undefined)) {
      expect(named(said(one, NEWEST), NEWEST)).toBe(named(said(one, LAST_KNOWN), LAST_KNOWN));
    }
  });

  // No recorded case tells the releases apart here.
  test.each([
    ['what is no mapping in a section that DeepSpeed reads no more', { deepspeed: { zero_optimization: {}, amp: 5 } }],
    ['FSDP that is off', { fsdp: false }],
    ['PPO that reports to null', { stage: 'ppo', report_to: null }],
    ['what is no JSON for Ray', { ray_init_kwargs: '{a' }],
    [
      'layers to wrap, given twice',
      {
        fsdp: 'full_shard',
        fsdp_config: { transformer_layer_cls_to_wrap: 5 },
        fsdp_transformer_layer_cls_to_wrap: 'Block',
      },
    ],
  ])('by what the parser says of %s', (_, args) => {
    const said = (release: Release) => named(parse({ ...PLACE, release, args }), release);
    expect(said(NEWEST)).toBe(said(LAST_KNOWN));
    expect(new Set(RELEASES.map(said)).size).toBeGreaterThan(1);
  });

  test.each(['a.json', 'a.txt', 'a.yaml'])('by the loader of %s', (path) => {
    for (const text of [
      '{"seed": 1}',
      'seed: 1',
      '{"seed": 1, "seed": 2}',
      'x: 1e-4',
      'seed: 1\n\ufeffx: 2',
      '"[x]"',
    ]) {
      const loaded = (by: Release) => {
        const { floats, ...rest } = loadConfig(text, by, path);
        return { ...rest, floats: [...floats] };
      };
      expect(named(loaded(NEWEST), NEWEST)).toBe(named(loaded(LAST_KNOWN), LAST_KNOWN));
    }
  });

  test('by what leaves rows out', () => {
    for (const { rows, entry, stage } of dataCases()) {
      expect(readRows(rows, entry, stage, NEWEST).fates).toEqual(readRows(rows, entry, stage, LAST_KNOWN).fates);
    }
  });

  test('where arguments and templates are looked up', () => {
    expect(fieldsOf(NEWEST)).toEqual(fieldsOf(LAST_KNOWN));
    expect([...templatesOf(NEWEST)]).toEqual([...templatesOf(LAST_KNOWN)]);
  });

  test.each([
    ['lint', 'unknown-argument'],
    ['plan', 'peak'],
  ])('by the command %s', (command, said) => {
    const config = join(REPOSITORY, 'test/fixtures/seed/train_config.yaml');
    const of = (asked: Release) => run(command, config, '--llamafactory', asked);
    expect(of(NEWEST).out).toContain(said);
    expect(named(of(NEWEST), NEWEST)).toBe(named(of(LAST_KNOWN), LAST_KNOWN));
  });
});

test('an image is what the table says', () => {
  expect(TrainerImage.official()).toMatchObject({
    reference: 'hiyouga/llamafactory:0.9.6',
    _contents: { llamafactory: '0.9.6', transformers: '5.7.0', deepspeed: '0.19.0', flashAttention: '2.8.3' },
    _problems: [],
  });
  expect(TrainerImage.custom('trainer:1')._contents).toMatchObject({ llamafactory: '0.9.6', transformers: '5.7.0' });
  expect(TrainerImage.official({ release: '0.9.7' as never })).toMatchObject({
    _contents: { llamafactory: '0.9.7', transformers: '5.8.0', deepspeed: '0.19.0' },
    _problems: [{ got: '0.9.7', allowed: '0.9.4, 0.9.5, 0.9.6' }],
  });
});

test.each([
  ['0.9.5', "image: TrainerImage.official({ release: '0.9.5' }),"],
  ['0.9.6', undefined],
  ['0.9.7', "image: TrainerImage.custom('registry.example.com/llamafactory:0.9.7', { llamafactory: '0.9.7' }),"],
])('a program imported for %s has the image that goes with it', (release, image) => {
  const from = join(programs, release);
  write(from, {
    'train.yaml':
      'model_name_or_path: Qwen/Qwen3-0.6B\nstage: sft\ndo_train: true\nfinetuning_type: lora\n' +
      'dataset: math\ndataset_dir: data\ntemplate: qwen3_nothink\noutput_dir: out\nreport_to: none\n',
    'data/dataset_info.json': '{"math": {"file_name": "math.json"}}',
    'data/math.json': '[{"instruction": "2 + 3?", "input": "", "output": "5"}]',
  });
  const { out } = run('import', from, '--llamafactory', release);
  expect(out).toContain('new FineTuningJob(');
  expect(/^ *(image: .*)$/m.exec(out)?.[1]).toBe(image);
});
