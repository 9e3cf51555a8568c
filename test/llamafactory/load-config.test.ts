import { loadConfig } from '../../src/llamafactory/load-config';
import { RELEASES, type Release } from '../../src/run/releases';

const JSON_TEXT = '{\n\t"learning_rate": 1e-4,\n\t"seed": 1,\n\t"seed": 2,\n\t"num_train_epochs": 3.0\n}';
const verdict = (text: string, release: Release, path: string) => {
  const { loads, findings } = loadConfig(text, release, path);
  return [loads, ...findings.map(({ id }) => id)];
};

describe('what a release reads goes by the name of the file', () => {
  test.each(RELEASES)('YAML by either ending (%s)', (release) => {
    expect(verdict('seed: 1', release, 'a.yaml')).toEqual([true]);
    expect(verdict('seed: 1', release, 'a.yml')).toEqual([true]);
  });

  test.each(['train.YAML', 'train.txt', 'train', 'train.yaml.bak'])('%s is no config', (path) => {
    expect(RELEASES.map((release) => verdict('seed: 1', release, path))).toEqual(Array(3).fill([false, 'config-name']));
  });

  test('JSON is JSON to 0.9.3, YAML to 0.9.4 and a crash to 0.9.5', () => {
    const { loads, args, floats, position } = loadConfig(JSON_TEXT, '0.9.3', 'a.json');
    expect([loads, args]).toEqual([true, { learning_rate: 0.0001, seed: 2, num_train_epochs: 3 }]);
    expect([[...floats], position('seed')]).toEqual([['num_train_epochs'], { line: 3, column: 2 }]);
    expect(verdict(JSON_TEXT, '0.9.4', 'a.json')).toEqual([false, 'yaml-duplicate-key']);
    expect(verdict('{"seed": 1}', '0.9.4', 'a.json')).toEqual([true]);
    expect(verdict('{"seed": 1}', '0.9.5', 'a.json')).toEqual([false, 'json-config']);
  });

  test('0.9.3 refuses JSON that is none, holds no mapping or is not taken by OmegaConf', () => {
    expect(verdict('seed: 1', '0.9.3', 'a.json')).toEqual([false, 'json-syntax']);
    expect(verdict('[1]', '0.9.3', 'a.json')).toEqual([false, 'yaml-not-mapping']);
    expect(verdict('{"run_name": "${"}', '0.9.3', 'a.json')).toEqual([false, 'yaml-interpolation']);
  });

  test('the values are there all the same, for all else that is to be found', () => {
    expect(loadConfig('{"seed": 1}', '0.9.5', 'a.json').args).toEqual({ seed: 1 });
  });
});
