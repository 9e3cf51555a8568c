import { cpuPlacement } from '../../src/job/placement';
import { CPU_NODES, type Scheduling } from '../../src/kubernetes/scheduling';

const ofRun: Scheduling = { products: ['Tesla-T10'], labels: {}, tolerations: ['nvidia.com/gpu'] };
const other: Scheduling = { ...CPU_NODES, labels: { pool: 'cpu' } };
const near = { volume: 'models' };
const shared = { readWriteMany: true };
const once = { readWriteMany: false };
const unknown = {};

test.each([
  ['any CPU node, if it mounts shared volumes alone', undefined, [shared, shared], { scheduling: CPU_NODES }],
  [
    'the nodes of the run, if one of its volumes is no shared one',
    undefined,
    [shared, once],
    { scheduling: ofRun, near },
  ],
  ['the nodes of the run, if nobody knows of one', undefined, [shared, unknown], { scheduling: ofRun, near }],
  ['the nodes given, near to the pods of a volume that is no shared one', other, [once], { scheduling: other, near }],
  ['the nodes given, wherever the pods of a shared volume are', other, [shared], { scheduling: other }],
  ['the nodes of the run, if told so', 'run' as const, [shared], { scheduling: ofRun, near }],
])('a pod without GPUs goes to %s', (_, asked, claims, expected) => {
  expect(cpuPlacement(asked, ofRun, near, claims)).toEqual(expected);
});
