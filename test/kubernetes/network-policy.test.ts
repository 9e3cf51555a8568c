import { networkPolicySpec, networkTrackers, portsOf, type Reach } from '../../src/kubernetes/network-policy';
import { DEFAULT_RELEASE } from '../../src/run/releases';

const reach = (changes: Partial<Reach> = {}): Reach => ({
  jobName: 'math-1',
  destinations: [],
  ports: [],
  peers: false,
  ...changes,
});
const DNS = {
  ports: [
    { port: 53, protocol: 'UDP' },
    { port: 53, protocol: 'TCP' },
    { port: 5353, protocol: 'UDP' },
    { port: 5353, protocol: 'TCP' },
  ],
};
const podSelector = { matchLabels: { 'cdk8s-llamafactory/job': 'math-1' } };

test("a Job's pods reach DNS by UDP and TCP, and are reached by nobody", () => {
  expect(networkPolicySpec(reach())).toEqual({ podSelector, policyTypes: ['Ingress', 'Egress'], egress: [DNS] });
});

test('ports are open at any address, destinations at theirs', () => {
  const destinations = [{ cidr: '203.0.113.7/32', ports: [443, 8443] }];
  expect(networkPolicySpec(reach({ ports: [80], destinations })).egress).toEqual([
    DNS,
    { ports: [{ port: 80, protocol: 'TCP' }] },
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
  const spec = networkPolicySpec(reach({ peers: true }));
  expect([spec.ingress, spec.egress?.slice(1)]).toEqual([[{ from: [{ podSelector }] }], [{ to: [{ podSelector }] }]]);
});

test('with all ports nothing outgoing is denied, and everything incoming', () => {
  expect(networkPolicySpec(reach({ ports: 'all' }))).toEqual({
    podSelector,
    policyTypes: ['Ingress', 'Egress'],
    egress: [{}],
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
  expect(portsOf(urls)).toEqual(ports);
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
