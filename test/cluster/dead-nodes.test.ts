import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration } from 'cdk8s';
import type { Job } from 'kubernetes-types/batch/v1';
import type { Pod } from 'kubernetes-types/core/v1';
import { Gpu, NodePool } from '../../src';
import { blocksOf, commandsOf } from '../docs/extract';
import { jobs, kubectl, onlyNodes, pods, shell, startAfresh, until } from './cluster';
import { NAMESPACE, objectsOf } from './run-objects';

/** A run on a node of its own, which nobody plays the kubelet of: it is never heard of again. */
const RUNS = {
  deleted: { nodeOutage: Duration.seconds(1) },
  marked: { nodeOutage: Duration.seconds(1) },
  waiting: { nodeOutage: Duration.seconds(1), activeDeadline: Duration.seconds(60) },
};
const names = Object.keys(RUNS) as (keyof typeof RUNS)[];
const nodeOf = (run: string) => `lost-${run}`;
const capacity = { cpu: '32', memory: '256Gi', 'ephemeral-storage': '500Gi', pods: '110', 'nvidia.com/gpu': '4' };

/** The training Job, or pods, of a run. */
const isOf = (run: string, { metadata }: Job | Pod) =>
  metadata?.labels?.['app.kubernetes.io/instance'] === `finetune-${run}`;
const jobOf = (run: string) => jobs(NAMESPACE).find((job) => isOf(run, job));
const podsOf = (run: string) => pods([NAMESPACE]).filter((pod) => isOf(run, pod));
const disrupted = ({ status }: Pod) => status?.conditions?.some(({ type }) => type === 'DisruptionTarget') ?? false;

/** The command under "A dead node" in docs/running.md that begins so, for a node. */
function command(beginning: string, node: string): string {
  const page = readFileSync(join(__dirname, '../../docs/running.md'), 'utf8');
  const section = page.slice(page.indexOf('\n## A dead node\n'));
  const found = blocksOf('running.md', section)
    .flatMap(commandsOf)
    .find((line) => line.startsWith(beginning));
  return (found ?? `the page has no ${beginning}`).replace('NODE', node);
}

describe('a node that dies', () => {
  beforeAll(async () => {
    onlyNodes(['cpu-0']);
    const objects = objectsOf(
      Object.fromEntries(names.map((run) => [run, { ...RUNS[run], nodePool: NodePool.anyNode(Gpu.T10), gpus: 4 }])),
    );
    startAfresh(objects);
    for (const run of names) {
      const metadata = { name: nodeOf(run), labels: { 'kubernetes.io/hostname': nodeOf(run) } };
      kubectl(['delete', 'node', '--ignore-not-found', nodeOf(run)]);
      kubectl(['create', '-f', '-'], { apiVersion: 'v1', kind: 'Node', metadata });
      const now = new Date().toISOString();
      const ready = { type: 'Ready', status: 'True', lastHeartbeatTime: now, lastTransitionTime: now };
      const status = JSON.stringify({ status: { capacity, allocatable: capacity, conditions: [ready] } });
      expect(kubectl(['patch', 'node', nodeOf(run), '--subresource=status', '-p', status])).toMatchObject({
        status: 0,
      });
    }
    expect(kubectl(['apply', '-f', '-'], objects)).toMatchObject({ status: 0, stderr: '' });
    await until('all pods are scheduled', () => names.every((run) => podsOf(run)[0]?.spec?.nodeName !== undefined));
    for (const pod of names.flatMap(podsOf)) {
      const status = JSON.stringify({ status: { phase: 'Running' } });
      kubectl(['patch', 'pod', '-n', NAMESPACE, pod.metadata?.name ?? '', '--subresource=status', '-p', status]);
    }
    await until('the pods are given up', () => names.flatMap(podsOf).every(disrupted));
  });
  afterAll(() => {
    for (const run of names) kubectl(['delete', 'node', '--ignore-not-found', nodeOf(run)]);
  });

  test('keeps its pod, and so its replacement away', () => {
    const found = names.flatMap(podsOf);
    expect(found.length).toBe(names.length);
    expect(found.map(({ metadata }) => metadata?.deletionTimestamp)).not.toContain(undefined);
  });

  test.each([
    ['deleted', 'kubectl delete node'],
    ['marked', 'kubectl taint node'],
  ] as const)('is replaced once it is %s, without using up a try', async (run, beginning) => {
    const [dead] = podsOf(run);
    expect(shell('.', command(beginning, dead?.spec?.nodeName ?? ''))).toMatchObject({ status: 0, stderr: '' });
    await until('the dead pod is gone', () =>
      podsOf(run).every(({ metadata }) => metadata?.uid !== dead?.metadata?.uid),
    );
    await until('another is there', () => podsOf(run).length === 1);
    expect(jobOf(run)?.status?.failed ?? 0).toBe(0);
  });

  test('keeps its Job from ending, past its deadline', async () => {
    const overdue = (job?: Job) =>
      job?.status?.conditions?.some(({ type, reason }) => type === 'FailureTarget' && reason === 'DeadlineExceeded');
    await until('the deadline has passed', () => overdue(jobOf('waiting')) ?? false);
    expect(jobOf('waiting')?.status?.conditions?.map(({ type }) => type)).not.toContain('Failed');
    expect(podsOf('waiting').length).toBe(1);
  });
});
