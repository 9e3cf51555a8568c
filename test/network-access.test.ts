import type { NetworkPolicy } from 'kubernetes-types/networking/v1';
import { ModelCache, NetworkAccess, type QwenQLoRAJobProps, Source } from '../src';
import { chartOf, findingsWith, jobOf, manifestsOf, mathDataset, mathRun } from './synthesis';

const tree = (props: Partial<QwenQLoRAJobProps>) => {
  const { app, chart } = chartOf();
  mathRun(chart, props);
  return app;
};
const written = (props: Partial<QwenQLoRAJobProps> = {}) => {
  const { app, chart } = chartOf();
  mathRun(chart, props);
  return { app, manifests: manifestsOf(app) };
};
const policiesOf = (manifests: ReturnType<typeof manifestsOf>) =>
  manifests.all.filter(({ kind }) => kind === 'NetworkPolicy') as NetworkPolicy[];
/** The TCP ports, and the addresses, that a component's pods reach beside DNS. */
const reachOf = (props: Partial<QwenQLoRAJobProps>, component: string) => {
  const { manifests } = written(props);
  const name = jobOf(manifests, component).metadata?.name;
  return policiesOf(manifests)
    .find(({ metadata }) => metadata?.name === name)
    ?.spec?.egress?.slice(1)
    .map(({ to, ports }) => [to?.[0]?.ipBlock?.cidr, ports?.map(({ port }) => port)]);
};

test('each Job has a policy of its own, for its pods alone, made before it', () => {
  const { manifests } = written();
  expect(policiesOf(manifests).map(({ metadata, spec }) => [metadata?.name, spec?.podSelector])).toEqual(
    manifests.jobs.map(({ metadata }) => [
      metadata?.name,
      { matchLabels: { 'cdk8s-llamafactory/job': metadata?.name } },
    ]),
  );
  for (const { metadata, spec } of manifests.jobs) {
    expect(spec?.template.metadata?.labels?.['cdk8s-llamafactory/job']).toBe(metadata?.name);
  }
  const kinds = manifests.all.map(({ kind }) => kind).filter((kind) => kind === 'Job' || kind === 'NetworkPolicy');
  expect(kinds).toEqual(['NetworkPolicy', 'Job', 'NetworkPolicy', 'Job']);
});

test('the training pod reaches DNS alone, the prepare pod hub and package index too', () => {
  expect([reachOf({}, 'train'), reachOf({}, 'prepare')]).toEqual([[], [[undefined, [80, 443]]]]);
});

test('the prepare pod reaches the ports of its hub and its package index', () => {
  const source = Source.modelScope({ endpoint: 'https://hub.example.com:8443' });
  const props = { packageIndex: 'https://pypi.example.com:9443/simple' };
  const { app, chart: own } = chartOf();
  const modelCache = new ModelCache(own, 'models', { source });
  mathRun(own, { modelCache, dataset: mathDataset(own), ...props });
  const egress = policiesOf(manifestsOf(app))[0]?.spec?.egress?.[1]?.ports?.map(({ port }) => port);
  expect(egress).toEqual([80, 443, 8443, 9443]);
});

test('destinations of the trainer are named by address and port, 443 if none is said', () => {
  const networkAccess = NetworkAccess.restricted([{ cidr: '203.0.113.7/32' }, { cidr: '10.0.0.0/8', ports: [8080] }]);
  expect(reachOf({ networkAccess }, 'train')).toEqual([
    ['203.0.113.7/32', [443]],
    ['10.0.0.0/8', [8080]],
  ]);
});

test('without restriction there is no policy', () => {
  expect(policiesOf(written({ networkAccess: NetworkAccess.unrestricted() }).manifests)).toEqual([]);
});

test.each([
  [NetworkAccess.restricted(), NetworkAccess.unrestricted()],
  [NetworkAccess.unrestricted(), NetworkAccess.restricted()],
])('the shared prepare Job has no policy where one of its runs wants none', (first, second) => {
  const { app, chart } = chartOf();
  const shared = { dataset: mathDataset(chart), modelCache: new ModelCache(chart, 'models') };
  mathRun(chart, { ...shared, networkAccess: first }, 'a');
  mathRun(chart, { ...shared, networkAccess: second }, 'b');
  expect(policiesOf(manifestsOf(app)).map(({ metadata }) => metadata?.name)).toEqual([
    expect.stringMatching(/^finetune-[ab]-/),
  ]);
});

test('names of the policies don’t change the run or its Job', () => {
  const names = (props: Partial<QwenQLoRAJobProps>) => written(props).manifests.jobs.map(({ metadata }) => metadata);
  expect(names({ networkAccess: NetworkAccess.unrestricted() })).toEqual(names({}));
});

test('a tracker that cannot be reached is an error, until its addresses are named', () => {
  const props = { train: { reportTo: 'wandb' } };
  expect(findingsWith(tree(props), 'tracker-unreachable')).toEqual([
    expect.objectContaining({ severity: 'error', path: 'finetune/math', key: 'train.reportTo', got: 'wandb' }),
  ]);
  for (const networkAccess of [NetworkAccess.restricted([{ cidr: '203.0.113.7/32' }]), NetworkAccess.unrestricted()]) {
    expect(findingsWith(tree({ ...props, networkAccess }), 'tracker-unreachable')).toEqual([]);
  }
});

test.each([
  [{ cidr: 'api.wandb.ai' }, 'api.wandb.ai'],
  [{ cidr: '10.0.0.0' }, '10.0.0.0'],
  [{ cidr: '10.0.0.0/33' }, '10.0.0.0/33'],
  [{ cidr: '300.0.0.0/8' }, '300.0.0.0/8'],
  [{ cidr: '10.0.0.0/8', ports: [0] }, '0'],
  [{ cidr: 'fd00::/129' }, 'fd00::/129'],
])('%j is no destination', (destination, got) => {
  const app = tree({ networkAccess: NetworkAccess.restricted([destination]) });
  expect(findingsWith(app, 'invalid-destination')).toEqual([
    expect.objectContaining({ path: 'finetune/math', key: 'networkAccess', got }),
  ]);
});

test.each(['10.0.0.0/8', '203.0.113.7/32', 'fd00::/8'])('%s is one', (cidr) => {
  const app = tree({ networkAccess: NetworkAccess.restricted([{ cidr }]) });
  expect(findingsWith(app, 'invalid-destination')).toEqual([]);
});
