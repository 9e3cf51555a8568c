import {
  fetchReach,
  KUBE_DNS,
  networkPolicySpec,
  networkTrackers,
  portsOf,
  type Reach,
  trainingReach,
} from '../../src/kubernetes/network-policy';
import { DEFAULT_RELEASE } from '../../src/run/releases';

const reach = (changes: Partial<Reach> = {}): Reach => ({
  dns: [KUBE_DNS],
  destinations: [],
  ports: [],
  peers: false,
  ...changes,
});
const both = (port: number) => ['UDP', 'TCP'].map((protocol) => ({ port, protocol }));
const DNS = {
  to: [
    {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
      podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
    },
  ],
  ports: both(53),
};
const ANYWHERE = [
  { ipBlock: { cidr: '0.0.0.0/0', except: ['169.254.0.0/16', '100.100.100.200/32', '168.63.129.16/32'] } },
  { ipBlock: { cidr: '::/0', except: ['fe80::/10', 'fd00:ec2::254/128', 'fd20:ce::254/128'] } },
  { namespaceSelector: {} },
];
const podSelector = { matchLabels: { 'cdk8s-llamafactory/job': 'math-1' } };
const specOf = (...reaches: Reach[]) => networkPolicySpec('math-1', reaches);

test("a Job's pods reach the cluster's DNS by UDP and TCP, and are reached by nobody", () => {
  expect(specOf(reach())).toEqual({ podSelector, policyTypes: ['Ingress', 'Egress'], egress: [DNS] });
});

test('ports are open at any address but those where a node answers for itself, destinations at theirs', () => {
  const destinations = [{ cidr: '203.0.113.7/32', ports: [443, 8443] }];
  expect(specOf(reach({ ports: [80], destinations })).egress).toEqual([
    DNS,
    { to: ANYWHERE, ports: [{ port: 80, protocol: 'TCP' }] },
    {
      to: [{ ipBlock: { cidr: '203.0.113.7/32' } }],
      ports: [
        { port: 443, protocol: 'TCP' },
        { port: 8443, protocol: 'TCP' },
      ],
    },
  ]);
});

test('peers reach each other on every port', () => {
  const spec = specOf(reach({ peers: true }));
  expect([spec.ingress, spec.egress?.slice(1)]).toEqual([[{ from: [{ podSelector }] }], [{ to: [{ podSelector }] }]]);
});

test('with all ports everything outgoing is let through but to where a node answers for itself', () => {
  expect(specOf(reach({ ports: 'all' })).egress).toEqual([DNS, { to: ANYWHERE }]);
});

test('pods that several runs share reach what each of them names, once', () => {
  const cache = { to: { ipBlock: { cidr: '169.254.20.10/32' } }, port: 53 };
  expect(specOf(reach({ ports: [443] }), reach({ dns: [cache], ports: [443] })).egress).toEqual([
    DNS,
    { to: ANYWHERE, ports: [{ port: 443, protocol: 'TCP' }] },
    { to: [cache.to], ports: both(53) },
  ]);
});

describe('a pod that fetches', () => {
  const restriction = { dns: [KUBE_DNS], destinations: [] };
  const list = [{ cidr: '192.0.2.0/24', ports: [443] }];
  const proxy = (url: string, noProxy: string[] = []) => ({ url, noProxy });
  const HUB = 'https://hub.example.com:8443';

  test.each<[string, Parameters<typeof fetchReach>, Partial<Reach>]>([
    ['its servers, and the public ones', [[HUB], restriction], { destinations: [], ports: [80, 443, 8443] }],
    [
      'the addresses that are named alone',
      [[HUB], { ...restriction, prepareDestinations: list }],
      { destinations: list, ports: [] },
    ],
    [
      'its proxy alone',
      [[HUB], restriction, proxy('http://proxy.example.com:3128')],
      { destinations: [], ports: [3128] },
    ],
    [
      'a proxy without a port at that of its scheme',
      [[], restriction, proxy('socks5h://proxy.example.com')],
      { ports: [1080] },
    ],
    [
      'a proxy that is named by its address there',
      [[HUB], restriction, proxy('http://192.0.2.9:3128')],
      { destinations: [{ cidr: '192.0.2.9/32', ports: [3128] }], ports: [] },
    ],
    [
      'a proxy that is named by an IPv6 address there',
      [[HUB], restriction, proxy('http://[2001:db8::9]:3128')],
      { destinations: [{ cidr: '2001:db8::9/128', ports: [3128] }], ports: [] },
    ],
    [
      'its proxy, and what is reached without it',
      [[HUB, 'https://pypi.example.org'], restriction, proxy('http://proxy.example.com:3128', ['.example.org'])],
      { ports: [443, 3128] },
    ],
    [
      'a host of the cluster without its proxy',
      [['http://nexus:8081'], restriction, proxy('http://192.0.2.9:3128')],
      { ports: 'all' },
    ],
    [
      'a proxy inside the cluster at any port',
      [[HUB], restriction, proxy('http://proxy.infra.svc:3128')],
      { ports: 'all' },
    ],
    [
      'the addresses that are named, and that of its proxy',
      [[HUB], { ...restriction, prepareDestinations: list }, proxy('http://192.0.2.9:3128')],
      { destinations: [{ cidr: '192.0.2.9/32', ports: [3128] }, ...list], ports: [] },
    ],
  ])('reaches %s', (_, given, expected) => {
    expect(fetchReach(...given)).toMatchObject(expected);
  });
});

describe('a training pod', () => {
  const list = [{ cidr: '192.0.2.0/24', ports: [443] }];
  const reached = (url: string | undefined, destinations: typeof list) =>
    trainingReach({ dns: [KUBE_DNS], destinations }, url === undefined ? undefined : { url, noProxy: [] }, false);

  test('that reports to nobody reaches what is named', () => {
    expect(reached(undefined, list)).toMatchObject({ destinations: list, ports: [] });
  });

  test('that reports by a proxy reaches it', () => {
    expect(reached('http://proxy.example.com:3128', [])).toMatchObject({ destinations: [], ports: [3128] });
    expect(reached('http://192.0.2.9:3128', list)).toMatchObject({
      destinations: [{ cidr: '192.0.2.9/32', ports: [3128] }, ...list],
      ports: [],
    });
  });

  test('reaches no other address than those named, where there are any', () => {
    expect(reached('http://proxy.example.com:3128', list)).toMatchObject({ destinations: list, ports: [] });
  });
});

test.each([
  [[], [80, 443]],
  [
    ['https://hub.example.com', 'https://pypi.example.com:8443/simple'],
    [80, 443, 8443],
  ],
  [['https://hub.example.com:443/'], [80, 443]],
  [
    ['https://hub.example.com:1000', 'https://pypi.example.com:99'],
    [80, 99, 443, 1000],
  ],
  [['https://nexus.local.example.com/simple'], [80, 443]],
  [['https://mirror10.127.example.com/simple'], [80, 443]],
  [['https://172.16.0.1'], 'all'],
  [['http://nexus:8081/simple'], 'all'],
  [['http://nexus.tools.svc/simple'], 'all'],
  [['http://nexus.tools.svc.cluster.local/simple'], 'all'],
  [['https://10.0.0.7/simple'], 'all'],
  [['https://172.20.0.1'], 'all'],
  [['https://172.32.0.1'], [80, 443]],
  [['no URL'], [80, 443]],
])('fetching from %j takes the ports %j', (urls, ports) => {
  expect(portsOf(urls, [80, 443])).toEqual(ports);
});

test.each([
  [{}, {}, []],
  [{ report_to: 'none' }, {}, []],
  [{ report_to: 'tensorboard' }, {}, []],
  [{ report_to: 'wandb' }, {}, ['wandb']],
  [{ report_to: ['tensorboard', 'wandb', 'swanlab'] }, {}, ['wandb', 'swanlab']],
  [{ report_to: 'wandb' }, { WANDB_MODE: 'offline' }, []],
  [{ report_to: 'mlflow' }, {}, []],
  [{ report_to: 'mlflow' }, { MLFLOW_TRACKING_URI: 'http://mlflow:5000' }, ['mlflow']],
  [{ use_swanlab: true }, {}, ['swanlab']],
  [{ use_swanlab: true, swanlab_mode: 'local' }, {}, []],
])('%j with %j needs the network for %j', (args, env, trackers) => {
  expect(networkTrackers({ release: DEFAULT_RELEASE, args }, env)).toEqual(trackers);
});
