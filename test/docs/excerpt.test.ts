import { equalsText, hasLines, manifestHas } from './excerpt';

const TEXT = 'one\ntwo\nthree\nfour\n';

test.each([
  ['one\ntwo\nthree\nfour', true],
  ['one\n...\nfour', true],
  ['one\n...', true],
  ['one\ntwo\nthree', false],
  ['two\nthree\nfour', false],
  ['one\ntwo\nthree\nfour\n...', true],
  ['one\n...\nthree', false],
  ['', false],
])('%j is the whole text: %s', (block, expected) => {
  expect(equalsText(TEXT, block)).toBe(expected);
});

test.each([
  ['two\nthree', true],
  ['two  \nthree', true],
  ['one\n# ...\nfour', true],
  ['two\nfour', false],
  ['wo', false],
  ['', false],
])('%j stands in the text: %s', (block, expected) => {
  expect(hasLines(TEXT, block)).toBe(expected);
});

const MANIFEST = `
kind: ConfigMap
data:
  a.json: |
    {
      "a": 1
    }
---
kind: Job
metadata:
  labels: { app.kubernetes.io/name: math }
spec:
  containers:
    - name: trainer
      args: [train, a.yaml]
      env: {}
---
kind: Job
spec: { parallelism: 2 }
`;

test.each([
  ['ConfigMap', '/data/a.json', '  "a": 1', true],
  ['ConfigMap', '/data/a.json', '  "a": 2', false],
  ['ConfigMap', '/data/b.json', '"a": 1', false],
  ['Job', '/spec', 'parallelism: 2', true],
  ['Job', '/spec', '{"parallelism": 3}', false],
  ['Job', '/spec', '{"parallelism": "2"}', false],
  ['Job', '/spec', '', false],
  ['Job', '/spec', '{}', false],
  ['Secret', '/spec', 'parallelism: 2', false],
  ['Job', '', 'kind: Job', true],
  ['Job', '/metadata/labels/app.kubernetes.io~1name', 'math', true],
  ['Job', '/spec/containers/0', 'args: [train, a.yaml]', true],
  ['Job', '/spec/containers/0', 'args: [train]', false],
  ['Job', '/spec/containers', '- name: trainer', true],
  ['Job', '/spec/containers', '- env: {}', true],
  ['Job', '/spec/containers', '- args: {}', false],
])('%s%s has %j: %s', (kind, pointer, block, expected) => {
  expect(manifestHas(MANIFEST, kind, pointer, block)).toBe(expected);
});
