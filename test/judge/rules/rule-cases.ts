import { FINDINGS } from '../../../src/judge/registry';
import type { Rule } from '../../../src/judge/rule';
import { RULES } from '../../../src/judge/rules';
import { CARDS } from '../../../src/planning/catalog/cards';
import { MODELS } from '../../../src/planning/catalog/models';
import { type Edit, EditOperation, type Finding } from '../../../src/run/finding';
import { DEFAULT_RELEASE, RELEASE_FACTS } from '../../../src/run/releases';
import type { ImageContents, Mapping, Run, RunDataset } from '../../../src/run/run';
import { WHOLE } from '../../whole';

export const T10 = CARDS['T10'];
export const A100 = CARDS['A100-80GB'];
export const QWEN3_14B = MODELS['Qwen3-14B'];

/** What an image without any extra holds. */
export const BARE_IMAGE: ImageContents = {
  llamafactory: DEFAULT_RELEASE,
  transformers: RELEASE_FACTS[DEFAULT_RELEASE].transformers,
  cudaToolkit: false,
};

/** Chat data of so many rows, all different. */
export function chat(rows: number, answer = 'four'): RunDataset {
  return {
    name: 'math',
    entry: {
      file_name: 'math.json',
      formatting: 'sharegpt',
      columns: { messages: 'messages' },
      tags: {
        role_tag: 'role',
        content_tag: 'content',
        user_tag: 'user',
        assistant_tag: 'assistant',
        observation_tag: 'tool',
        function_tag: 'function_call',
        system_tag: 'system',
      },
    },
    rows: Array.from({ length: rows }, (_, i) => ({
      messages: [
        { role: 'user', content: `question ${i}` },
        { role: 'assistant', content: answer },
      ],
    })),
  };
}

/** A DeepSpeed config in a file of its own. */
export function deepspeed(config: Mapping): Pick<Run, 'deepspeed'> {
  return { deepspeed: { file: 'ds.json', config } };
}

/** A run of which nothing is known beside what is given. */
export function runOf(part: Partial<Run>): Run {
  return {
    path: 'train.yaml',
    file: 'train.yaml',
    release: DEFAULT_RELEASE,
    args: {},
    datasets: [],
    gpus: 4,
    nodes: 1,
    ...part,
  };
}

/** A run that breaks the rule, and what of each finding matters. */
export interface Failing extends Partial<Run> {
  readonly finds: readonly Partial<Finding>[];
}

/** Tests a rule on runs that break it and on runs that don't, each under a sentence. */
export function ruleCases(
  rule: Rule,
  cases: {
    readonly failing: Readonly<Record<string, Failing>>;
    readonly passing: Readonly<Record<string, Partial<Run>>>;
  },
): void {
  describe(rule.id, () => {
    test.each(Object.entries(cases.failing))('%s: found', (_, { finds, ...run }) => {
      const found = rule.check(runOf(run));
      expect(found).toMatchObject(finds.map((find) => ({ id: rule.id, ...find })));
      expect(FINDINGS.get(rule.id)?.severities).toEqual(expect.arrayContaining(found.map(({ severity }) => severity)));
    });

    test.each(Object.entries(cases.failing))('%s: said in whole words', (_, { finds, ...run }) => {
      for (const { message, got, allowed, change } of rule.check(runOf(run))) {
        expect(message).toEqual(expect.stringMatching(WHOLE));
        for (const text of [got, allowed, change]) {
          if (text !== undefined) expect(text).toEqual(expect.stringMatching(WHOLE));
        }
      }
    });

    test.each(Object.entries(cases.failing))('%s: its fix leaves nothing to fix', (_, { finds, ...run }) => {
      const edits = rule.check(runOf(run)).flatMap(({ fix = [] }) => fix);
      const left = rule.check(edited(runOf(run), edits));
      expect(left.filter(({ fix }) => fix !== undefined)).toEqual([]);
    });

    test.each(Object.entries(cases.passing))('%s: nothing to say', (_, run) => {
      expect(rule.check(runOf(run))).toEqual([]);
    });

    test('is one of the rules', () => {
      expect(RULES).toContain(rule);
    });
  });
}

/** A run with its files changed. */
function edited(run: Run, edits: readonly Edit[]): Run {
  const files: Record<string, unknown> = structuredClone({
    [run.file]: run.args,
    ...(run.deepspeed === undefined ? {} : { [run.deepspeed.file]: run.deepspeed.config }),
    'dataset_info.json': Object.fromEntries(run.datasets.map(({ name, entry }) => [name, entry])),
  });
  for (const { file, key, op, value } of edits) {
    files[file] ??= {};
    const path = key.split('.');
    const parent = path.slice(0, -1).reduce((node, part) => node[part] as Tree, files[file] as Tree);
    const last = path.at(-1) ?? '';
    if (op === EditOperation.SET) parent[last] = value;
    else delete parent[last];
  }
  const info = files['dataset_info.json'] as Readonly<Record<string, Mapping>>;
  const args = files[run.file] as Mapping;
  const file = run.deepspeed?.file ?? args['deepspeed'];
  return {
    ...run,
    args,
    ...(typeof file === 'string' && files[file] !== undefined ? deepspeed(files[file] as Mapping) : {}),
    datasets: run.datasets.map((dataset) => ({ ...dataset, entry: info[dataset.name] })),
  };
}

type Tree = { [key: string]: unknown };
