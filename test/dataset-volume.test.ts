import { join } from 'node:path';
import { type DatasetFileProps, DatasetFormat, DatasetVolume } from '../src';
import { temporaryFolder, write } from './folder';
import {
  chartOf,
  configMapWith,
  containerOf,
  datasetEntryOf,
  findingsWith,
  jobOf,
  MATH,
  manifestsOf,
  mathDataset,
  mathRun,
} from './synthesis';

const folder = temporaryFolder();
const ROW = {
  messages: [
    { role: 'user', content: '1 + 1' },
    { role: 'assistant', content: '2' },
  ],
};
const ALPACA_ROW = { instruction: '1 + 1', input: '', output: '2' };

/** The data set in a run, as the training pod has it. */
function inPod(dataset: (chart: ReturnType<typeof chartOf>['chart']) => DatasetVolume) {
  const { app, chart } = chartOf();
  mathRun(chart, { dataset: dataset(chart) });
  const manifests = manifestsOf(app);
  const job = jobOf(manifests, 'train');
  const mounts = containerOf(job).volumeMounts?.filter(({ mountPath }) => mountPath.startsWith('/data')) ?? [];
  const names = mounts.map(({ name }) => name);
  const volumes = job.spec?.template.spec?.volumes?.filter(({ name }) => names.includes(name)) ?? [];
  return { manifests, mounts, volumes };
}

/** The one finding that a file raises. */
function findingFor(file: string, content: string | Buffer, props: Partial<DatasetFileProps> = {}) {
  const { app, chart } = chartOf();
  const path = join(write(folder, { [file]: content }), file);
  mathDataset(chart, { path, ...props });
  return { path, findings: [...findingsWith(app, 'dataset-file'), ...findingsWith(app, 'dataset-rows')] };
}

describe('a file', () => {
  test('whose name can be no key of a ConfigMap stands under a digest of it', () => {
    const path = join(write(folder, { '数据 1.json': JSON.stringify([ROW, ROW, ROW]) }), '数据 1.json');
    const { mounts, manifests } = inPod((chart) => mathDataset(chart, { path }));
    const [mount] = mounts;
    expect(mount?.subPath).toMatch(/^data-[0-9a-f]{10}\.json$/);
    expect(mount?.mountPath).toBe(`/data/math_train/${mount?.subPath}`);
    expect(datasetEntryOf(manifests)['file_name']).toBe(mount?.mountPath);
    expect(Object.keys(configMapWith(manifests, mount?.subPath ?? '').data ?? {})).toEqual([mount?.subPath]);
  });

  test('travels in a ConfigMap, byte for byte', () => {
    const text =
      '[\n  {"instruction": "数学", "input": "", "output": "é"},\n  {"instruction": "a", "input": "", "output": "b"}  ]\n\n';
    const path = join(write(folder, { 'bytes.json': text }), 'bytes.json');
    const { manifests } = inPod((chart) => mathDataset(chart, { path, formatting: DatasetFormat.ALPACA }));
    expect(configMapWith(manifests, 'bytes.json').data).toEqual({ 'bytes.json': text });
  });

  test('loses a byte order mark, which JSON readers stumble over', () => {
    const text = JSON.stringify([ROW, ROW]);
    const path = join(write(folder, { 'bom.json': `\ufeff${text}` }), 'bom.json');
    const { manifests } = inPod((chart) => mathDataset(chart, { path }));
    expect(configMapWith(manifests, 'bom.json').data?.['bom.json']).toBe(text);
  });

  test('is mounted read-only, alone, at the path its entry names', () => {
    const { manifests, mounts, volumes } = inPod((chart) => mathDataset(chart));
    expect(mounts).toEqual([
      {
        name: expect.stringMatching(/^data-math-train-/),
        mountPath: '/data/math_train/math.json',
        subPath: 'math.json',
        readOnly: true,
      },
    ]);
    expect(volumes[0]?.configMap?.name).toBe(configMapWith(manifests, 'math.json').metadata?.name);
    expect(datasetEntryOf(manifests)['file_name']).toBe('/data/math_train/math.json');
  });

  test('of lines is read line by line', () => {
    const lines = `${JSON.stringify(ROW)}\n${JSON.stringify(ROW)}\n`;
    expect(findingFor('math.jsonl', lines).findings).toEqual([]);
  });

  test('is read as its type says, also beside a file of another type with the same text', () => {
    const text = JSON.stringify([ROW]);
    const at = write(folder, { 'same.json': text, 'same.jsonl': text });
    const { app, chart } = chartOf();
    mathDataset(chart, { path: join(at, 'same.json') }, 'list');
    mathDataset(chart, { path: join(at, 'same.jsonl') }, 'lines');
    expect(findingsWith(app, 'dataset-rows').map(({ path }) => path)).toEqual(['finetune/lines']);
  });

  test.each<[string, string, string | Buffer, string, string | undefined]>([
    ['empty', 'empty.json', '', 'the file is empty', undefined],
    [
      'a single object, as in the seed',
      'single.json',
      JSON.stringify(ROW),
      'the file holds a single object, and a list of samples is needed',
      'put the samples between [ and ], separated by commas',
    ],
    ['no samples', 'none.json', '[]', 'the list of samples is empty', undefined],
    [
      'of another type',
      'math.csv',
      'a,b',
      'only .json and .jsonl files can be carried in a ConfigMap',
      'convert the file, or take it from a claim, a hub or a web server: DatasetVolume.fromClaim and fromSource take arrow, csv, parquet and txt too',
    ],
    [
      'not UTF-8',
      'gbk.json',
      Buffer.from([0x5b, 0x22, 0xca, 0xfd, 0x22, 0x5d]),
      "the file isn't UTF-8",
      'convert it: iconv -f GB18030 -t UTF-8, if it comes from a Chinese Windows',
    ],
  ])('that is %s is an error', (_, file, content, message, change) => {
    const { path, findings } = findingFor(file, content);
    expect(findings).toEqual([
      {
        id: 'dataset-file',
        severity: 'error',
        path: 'finetune/math-train',
        key: 'path',
        message,
        got: path,
        change,
      },
    ]);
  });

  test('that is malformed is an error with the reason', () => {
    expect(findingFor('broken.json', '[{]').findings[0]?.message).toMatch(/^the file isn't JSON: ./);
  });

  test('that is missing is an error that says what paths are relative to', () => {
    const { app, chart } = chartOf();
    mathDataset(chart, { path: 'nowhere.json' });
    expect(findingsWith(app, 'dataset-file')).toEqual([
      expect.objectContaining({
        message: 'the file cannot be read: no such file',
        got: 'nowhere.json',
        change: 'paths are relative to the working directory',
      }),
    ]);
  });

  test('that is a folder is an error', () => {
    const { app, chart } = chartOf();
    mathDataset(chart, { path: join(write(folder, { 'folder.json/a': '' }), 'folder.json') });
    expect(findingsWith(app, 'dataset-file')[0]?.message).toBe('the file cannot be read: it is a folder');
  });

  test('with faulty samples is an error that names rows and reasons', () => {
    const rows = [ROW, { text: 'a' }, { messages: ROW.messages.slice(0, 1) }];
    const { path, findings } = findingFor('faulty.json', JSON.stringify(rows));
    expect(findings).toEqual([
      {
        id: 'dataset-rows',
        severity: 'error',
        path: 'finetune/math-train',
        key: path,
        message: '2 of 3 samples would be left out or stop the run',
        got:
          "row 2: 'messages' is missing; there are text; " +
          'row 3: the last turn has no answer: 1 turns, an even number is needed',
        change: 'mend the rows, or name the columns and roles they have by the props columns and tags',
        source: 'llamafactory/data/converter.py',
      },
    ]);
  });

  test('with more than five faulty samples has the others counted', () => {
    const { findings } = findingFor('many.json', JSON.stringify([ROW, ...Array.from({ length: 7 }, () => ({ a: 1 }))]));
    expect(findings[0]?.got).toMatch(/^row 2: .*; row 6: '[^;]*; there are a; and 2 more$/);
  });

  test('with just five has none left to count', () => {
    const { findings } = findingFor('five.json', JSON.stringify([ROW, ...Array.from({ length: 5 }, () => ({ a: 1 }))]));
    expect(findings[0]?.got).not.toContain('more');
  });
});

describe('an entry of dataset_info.json', () => {
  const entryFor = (content: unknown, props: Partial<DatasetFileProps> = {}) => {
    const path = join(write(folder, { 'entry.json': JSON.stringify(content) }), 'entry.json');
    return datasetEntryOf(inPod((chart) => mathDataset(chart, { path, ...props })).manifests);
  };

  test('is alpaca unless said otherwise', () => {
    expect(entryFor([ALPACA_ROW, ALPACA_ROW], { formatting: undefined })).toEqual({
      file_name: '/data/math_train/entry.json',
      formatting: 'alpaca',
    });
  });

  test('names the system role, which the seed forgot', () => {
    expect(entryFor([ROW, ROW])['tags']).toEqual(expect.objectContaining({ system_tag: 'system' }));
  });

  test('has the columns, tags and numbers given', () => {
    const row = {
      dialog: [
        { who: 'me', text: 'a' },
        { who: 'it', text: 'b' },
      ],
    };
    const entry = entryFor([row], {
      columns: { messages: 'dialog' },
      tags: { roleTag: 'who', contentTag: 'text', userTag: 'me', assistantTag: 'it' },
      numSamples: 10,
      ranking: false,
    });
    expect(entry).toEqual({
      file_name: '/data/math_train/entry.json',
      formatting: 'sharegpt',
      ranking: false,
      num_samples: 10,
      columns: { messages: 'dialog' },
      tags: {
        role_tag: 'who',
        content_tag: 'text',
        user_tag: 'me',
        assistant_tag: 'it',
        observation_tag: 'observation',
        function_tag: 'function_call',
        system_tag: 'system',
      },
    });
  });
});

describe('a name', () => {
  test('is the construct’s id where none is given', () => {
    const { app, chart } = chartOf();
    mathRun(chart, { dataset: mathDataset(chart, { name: undefined }, 'sums') });
    expect(datasetEntryOf(manifestsOf(app), 'sums')['file_name']).toBe('/data/sums/math.json');
  });

  test.each(['math,train', 'math train', '数学', 'a/b', ''])('of %j is an error', (name) => {
    const { app, chart } = chartOf();
    mathDataset(chart, { name });
    expect(findingsWith(app, 'invalid-dataset-name')).toEqual([
      expect.objectContaining({
        severity: 'error',
        path: 'finetune/math-train',
        key: 'name',
        got: name,
        allowed: 'letters, digits, ., _ and -',
      }),
    ]);
  });

  test.each(['math_train', 'Math-2.0', 'a'])('of %j is good', (name) => {
    const { app, chart } = chartOf();
    mathDataset(chart, { name });
    expect(findingsWith(app, 'invalid-dataset-name')).toEqual([]);
  });
});

describe('a folder', () => {
  const shards = (name: string, files: Record<string, string>) => {
    write(join(folder, name), files);
    return join(folder, name);
  };
  const directory = (path: string) => {
    const { app, chart } = chartOf();
    const formatting = DatasetFormat.SHAREGPT;
    const dataset = DatasetVolume.fromDirectory(chart, 'math-train', { path, name: 'math_train', formatting });
    return { app, chart, dataset };
  };
  const good = shards('good', { 'b.json': `[${JSON.stringify(ROW)}]`, 'a.json': `[${JSON.stringify(ROW)}]` });

  test('travels in a ConfigMap a file, sorted, each mounted alone', () => {
    const { mounts, volumes } = inPod((chart) =>
      DatasetVolume.fromDirectory(chart, 'math-train', {
        path: good,
        name: 'math_train',
        formatting: DatasetFormat.SHAREGPT,
      }),
    );
    expect(mounts.map(({ mountPath }) => mountPath)).toEqual(['/data/math_train/a.json', '/data/math_train/b.json']);
    expect(new Set(volumes.map(({ configMap }) => configMap?.name)).size).toBe(2);
  });

  test('is what its entry names', () => {
    const { app, chart, dataset } = directory(good);
    mathRun(chart, { dataset });
    expect(datasetEntryOf(manifestsOf(app))['file_name']).toBe('/data/math_train');
  });

  test('may hold other files, which are left out', () => {
    const { app } = directory(shards('readme', { 'a.json': `[${JSON.stringify(ROW)}]`, 'README.md': '' }));
    expect(manifestsOf(app).configMaps).toHaveLength(1);
  });

  test.each([
    ['files of two types', { 'a.json': '[]', 'b.jsonl': '' }, 'a.json, b.jsonl'],
    ['no data', { 'README.md': '' }, 'README.md'],
  ])('with %s is an error that names what is there', (_, files, got) => {
    const { app } = directory(shards(`bad-${got}`, files));
    expect(findingsWith(app, 'dataset-directory')).toEqual([
      expect.objectContaining({
        path: 'finetune/math-train',
        key: 'path',
        got,
        allowed: '.json files only, or .jsonl files only',
      }),
    ]);
  });

  test('with nothing in it is an error', () => {
    const path = shards('empty', { 'below/a.json': '[]' });
    const { app } = directory(path);
    expect(findingsWith(app, 'dataset-directory')[0]?.got).toBe(`${path} is empty`);
  });

  test('that is missing is an error', () => {
    const { app } = directory(join(folder, 'nowhere'));
    expect(findingsWith(app, 'dataset-file')).toEqual([
      expect.objectContaining({
        message: 'the folder cannot be read',
        got: `${join(folder, 'nowhere')}: no such file`,
      }),
    ]);
  });

  test('whose volumes are called after numbers meets no other data set', () => {
    const { app, chart, dataset } = directory(good);
    mathRun(chart, {
      dataset,
      additionalDatasets: [
        mathDataset(chart, { name: 'math_train-0' }, 'other'),
        mathDataset(chart, { name: '0' }, 'third'),
      ],
    });
    const volumes = jobOf(manifestsOf(app), 'train').spec?.template.spec?.volumes?.map(({ name }) => name) ?? [];
    expect(new Set(volumes).size).toBe(volumes.length);
  });
});

describe('a claim', () => {
  const claimed = (path: string, chart: ReturnType<typeof chartOf>['chart']) =>
    DatasetVolume.fromClaim(chart, 'math-train', { claimName: 'sets', path, name: 'math_train' });

  test.each([
    ['math/train.jsonl', '/data/math_train/math/train.jsonl'],
    ['/math/', '/data/math_train/math'],
  ])('is mounted whole and read-only, its path %j below it', (path, expected) => {
    const { manifests, mounts, volumes } = inPod((chart) => claimed(path, chart));
    expect(mounts).toEqual([
      { name: expect.stringMatching(/^data-math-train-/), mountPath: '/data/math_train', readOnly: true },
    ]);
    expect(volumes[0]?.persistentVolumeClaim).toEqual({ claimName: 'sets', readOnly: true });
    expect(datasetEntryOf(manifests)['file_name']).toBe(expected);
  });

  test.each(['', '/', '../other', 'a/../../b'])('with the path %j is an error', (path) => {
    const { app, chart } = chartOf();
    claimed(path, chart);
    expect(findingsWith(app, 'relative-path')).toEqual([
      expect.objectContaining({
        path: 'finetune/math-train',
        key: 'path',
        got: path,
        allowed: 'math/train.jsonl',
      }),
    ]);
  });

  test('is not looked for among the objects made here', () => {
    const { app, chart } = chartOf();
    mathRun(chart, { dataset: claimed('math.json', chart) });
    expect(findingsWith(app, 'missing-reference')).toEqual([]);
  });

  test.each<[string, Partial<{ revision: string; claimName: string; path: string }>]>([
    ['revision', { revision: '2' }],
    ['claim', { claimName: 'others' }],
    ['path', { path: 'b.json' }],
  ])('of another %s is another run', (_, changes) => {
    const digestOf = (props: object) => {
      const { chart } = chartOf();
      const dataset = DatasetVolume.fromClaim(chart, 'd', { claimName: 'sets', path: 'a.json', ...props });
      return mathRun(chart, { dataset }).runDigest;
    };
    expect(digestOf(changes)).not.toBe(digestOf({}));
  });
});

test('two runs share one data set', () => {
  const { app, chart } = chartOf();
  const dataset = mathDataset(chart);
  mathRun(chart, { dataset }, 'a');
  mathRun(chart, { dataset }, 'b');
  expect(manifestsOf(app).configMaps.filter(({ data }) => data?.['math.json'])).toHaveLength(1);
});

test('the fixture itself is good', () => {
  const { app, chart } = chartOf();
  mathDataset(chart, { path: MATH });
  expect([...findingsWith(app, 'dataset-file'), ...findingsWith(app, 'dataset-rows')]).toEqual([]);
});
