import { call, commentLines, importLine, indented, literal, object } from './literal';

/** A program in plain data: code of props, in the order they are written. */
export interface Program {
  /** What the first lines say. */
  readonly header: readonly string[];
  readonly construct: 'QwenQLoRAJob' | 'FineTuningJob';
  /** The job's id. */
  readonly id: string;
  /** Props of the job: key, code, and a comment on the line before. */
  readonly props: readonly (readonly [key: string, code: string | undefined, comment?: string])[];
}

/** What a program may import from this library. */
const NAMES = [
  'Adapter',
  'DatasetFormat',
  'DatasetVolume',
  'DeepSpeedZero3',
  'FineTuningJob',
  'Gpu',
  'ModelCache',
  'NodePool',
  'Model',
  'QwenModel',
  'QwenQLoRAJob',
  'SavesVolume',
  'Source',
  'Strategy',
  'TrainConfig',
  'TrainerImage',
];

/** The chart of every program, as in README's first. */
export const CHART = 'finetune';

/** The program's text. */
export function programText({ header, construct, id, props }: Program): string {
  const job = call(`new ${construct}`, 'chart', literal(id), object(props, { spread: true }));
  const used = NAMES.filter((name) => new RegExp(`\\b${name}[.(]`).test(job));
  const core = ['App', 'Chart', ...(job.includes('Size.') ? ['Size'] : [])];
  return [
    ...header.flatMap(commentLines),
    importLine(core, 'cdk8s'),
    importLine([...used, 'synth'], 'cdk8s-llamafactory'),
    '',
    'const app = new App();',
    `const chart = new Chart(app, '${CHART}', { namespace: 'ml' });`,
    '',
    `${job};`,
    '',
    'synth(app);',
    '',
  ].join('\n');
}

/** A list of code, on one line if it is short. */
export function list(items: readonly string[]): string {
  const line = `[${items.join(', ')}]`;
  return line.length <= 80 && !line.includes('\n')
    ? line
    : `[\n${indented(items.map((item) => `${item},`).join('\n'))}\n]`;
}
