import { rule } from '../../../../src/judge/rules/arguments/unresolved-interpolation';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { ruleCases } from '../rule-cases';

const set = (key: string, value: unknown) => [{ file: 'train.yaml', key, op: EditOperation.SET, value }];

ruleCases(rule, {
  failing: {
    'another argument, whose value is put in': {
      args: { run_name: 'math', output_dir: '/saves/${run_name}-${ seed }', seed: 7 },
      finds: [{ key: 'output_dir', severity: Severity.ERROR, fix: set('output_dir', '/saves/math-7') }],
    },
    'another argument alone, whose value keeps its type': {
      args: { seed: 7, data_seed: '${seed}' },
      finds: [{ key: 'data_seed', fix: set('data_seed', 7) }],
    },
    'a variable of the environment': {
      args: { model_name_or_path: '${oc.env:MODEL}' },
      finds: [{ key: 'model_name_or_path', change: 'write the value itself' }],
    },
    'an argument that is not there, or is itself none': {
      args: { output_dir: '${run_name}/${nobody}', run_name: '${output_dir}' },
      finds: [
        { key: 'output_dir', change: 'write the value itself' },
        { key: 'run_name', change: 'write the value itself' },
      ],
    },
    'one inside a mapping': {
      args: { lr_scheduler_kwargs: { min_lr: ['${learning_rate}'] }, learning_rate: 1 },
      finds: [{ key: 'lr_scheduler_kwargs', got: '${learning_rate}' }],
    },
    'a placeholder, also in 0.9.3': {
      release: '0.9.3',
      args: { dataset: '???' },
      finds: [{ key: 'dataset', got: '???' }],
    },
  },
  passing: {
    'question marks in a text, a dollar, an escaped brace': {
      args: { run_name: 'what ???', output_dir: '/$out', template: '\\${x}', max_samples: null },
    },
    'a system prompt': { args: { default_system: 'Answer with ${name}.' } },
  },
});
