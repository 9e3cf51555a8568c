import { Secret } from 'cdk8s-plus-28';
import type { NetworkPolicy } from 'kubernetes-types/networking/v1';
import { CaBundle, DnsServer, ModelCache, NetworkAccess, type QwenQLoRAJobProps, Source } from '../src';
import { findingsOf } from '../src/tree/findings';
import { chartOf, containerOf, envOf, findingsWith, jobOf, manifestsOf, mathDataset, mathRun } from './synthesis';

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

const CREDENTIALS = { secret: Secret.fromSecretName(chartOf().chart, 'proxy', 'proxy'), key: 'user' };

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
  expect([reachOf({}, 'train'), reachOf({}, 'prepare')]).toEqual([[], [['0.0.0.0/0', [80, 443]]]]);
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

describe('DNS', () => {
  const dnsOf = (dns: DnsServer[]) =>
    policiesOf(written({ networkAccess: NetworkAccess.restricted([], { dns }) }).manifests)[0]?.spec?.egress?.slice(
      0,
      dns.length,
    );

  test('is asked of other servers where they are named', () => {
    const labels = { 'dns.operator.openshift.io/daemonset-dns': 'default' };
    const dns = [
      DnsServer.kubeDns(),
      DnsServer.address('169.254.20.10'),
      DnsServer.address('fd00::a'),
      DnsServer.pods({ namespace: 'openshift-dns', labels, port: 5353 }),
    ];
    expect(dnsOf(dns)?.map(({ to, ports }) => [to?.[0], ports?.[0]?.port])).toEqual([
      [
        {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
          podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
        },
        53,
      ],
      [{ ipBlock: { cidr: '169.254.20.10/32' } }, 53],
      [{ ipBlock: { cidr: 'fd00::a/128' } }, 53],
      [
        {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'openshift-dns' } },
          podSelector: { matchLabels: labels },
        },
        5353,
      ],
    ]);
  });

  test.each([
    ['a host name', [DnsServer.address('dns.example.com')], 'DnsServer.address'],
    ['no port', [DnsServer.address('10.0.0.10', 0)], 'DnsServer.port'],
    ['nobody', [], 'networkAccess.dns'],
  ])('is not asked of %s', (_, dns, key) => {
    const app = tree({ networkAccess: NetworkAccess.restricted([], { dns }) });
    expect(findingsWith(app, 'invalid-destination')).toEqual([expect.objectContaining({ severity: 'error', key })]);
  });
});

describe('where the prepare pod may connect', () => {
  test('can be named: then it reaches that and DNS alone', () => {
    const networkAccess = NetworkAccess.restricted([], {
      prepareDestinations: [{ cidr: '192.0.2.0/24', ports: [8443] }],
    });
    expect([reachOf({ networkAccess }, 'train'), reachOf({ networkAccess }, 'prepare')]).toEqual([
      [],
      [['192.0.2.0/24', [8443]]],
    ]);
  });

  test('is named by addresses', () => {
    const networkAccess = NetworkAccess.restricted([], { prepareDestinations: [{ cidr: 'hub.example.com' }] });
    expect(findingsWith(tree({ networkAccess }), 'invalid-destination')).toEqual([
      expect.objectContaining({ key: 'networkAccess.prepareDestinations', got: 'hub.example.com' }),
    ]);
  });

  test('is what all runs let it reach that share it', () => {
    const { app, chart } = chartOf();
    const shared = { dataset: mathDataset(chart), modelCache: new ModelCache(chart, 'models') };
    const to = (cidr: string) => NetworkAccess.restricted([], { prepareDestinations: [{ cidr }] });
    mathRun(chart, { ...shared, networkAccess: to('192.0.2.1/32') }, 'a');
    mathRun(chart, { ...shared, networkAccess: to('192.0.2.2/32') }, 'b');
    const manifests = manifestsOf(app);
    const policy = policiesOf(manifests).find(
      ({ metadata }) => metadata?.name === jobOf(manifests, 'prepare').metadata?.name,
    );
    expect(policy?.spec?.egress?.flatMap(({ to }) => to?.[0]?.ipBlock?.cidr ?? []).sort()).toEqual([
      '192.0.2.1/32',
      '192.0.2.2/32',
    ]);
    expect(findingsWith(app, 'duplicate-name')).toEqual([]);
  });
});

describe('a proxy', () => {
  const proxy = { url: 'http://proxy.example.com:3128', noProxy: ['.corp.example.com', '10.0.0.9'] };
  const containerWith = (props: Partial<QwenQLoRAJobProps>, component = 'prepare') =>
    containerOf(jobOf(written(props).manifests, component));

  test('is told the prepare pod in both spellings, with what is reached without it', () => {
    const noProxy = 'localhost,127.0.0.1,::1,.svc,.cluster.local,.corp.example.com,10.0.0.9';
    expect(envOf(containerWith({ networkAccess: NetworkAccess.restricted([], { proxy }) }))).toMatchObject({
      HTTP_PROXY: proxy.url,
      http_proxy: proxy.url,
      HTTPS_PROXY: proxy.url,
      https_proxy: proxy.url,
      NO_PROXY: noProxy,
      no_proxy: noProxy,
    });
  });

  test('of SOCKS is told for all kinds of servers too', () => {
    const url = 'socks5h://proxy.example.com:1080';
    expect(envOf(containerWith({ networkAccess: NetworkAccess.restricted([], { proxy: { url } }) }))).toMatchObject({
      HTTPS_PROXY: url,
      ALL_PROXY: url,
      all_proxy: url,
    });
  });

  test('is not asked for a server that only the cluster knows', () => {
    const props = { packageIndex: 'http://nexus:8081/simple', networkAccess: NetworkAccess.restricted([], { proxy }) };
    expect(envOf(containerWith(props))['NO_PROXY']).toContain(',nexus,');
  });

  test('wants credentials of a Secret, which are defined before they are used', () => {
    const networkAccess = NetworkAccess.restricted([], { proxy: { ...proxy, credentials: CREDENTIALS } });
    const env = containerWith({ networkAccess }).env ?? [];
    expect(env[0]).toEqual({
      name: 'PROXY_CREDENTIALS',
      valueFrom: { secretKeyRef: { name: 'proxy', key: 'user' } },
    });
    expect(env.find(({ name }) => name === 'https_proxy')?.value).toBe(
      'http://$(PROXY_CREDENTIALS)@proxy.example.com:3128',
    );
  });

  test('is told without a policy too', () => {
    const networkAccess = NetworkAccess.unrestricted({ proxy });
    expect(envOf(containerWith({ networkAccess }))['HTTPS_PROXY']).toBe(proxy.url);
  });

  test('is told the training pod only if it reports to somebody, who can be reached then', () => {
    const networkAccess = NetworkAccess.restricted([], { proxy });
    const reporting = { networkAccess, train: { reportTo: 'wandb' } };
    expect(envOf(containerWith({ networkAccess }, 'train'))).not.toHaveProperty('HTTPS_PROXY');
    expect(envOf(containerWith(reporting, 'train'))['HTTPS_PROXY']).toBe(proxy.url);
    expect([reachOf({ networkAccess }, 'train'), reachOf(reporting, 'train')]).toEqual([[], [['0.0.0.0/0', [3128]]]]);
    expect(findingsWith(tree(reporting), 'tracker-unreachable')).toEqual([]);
  });

  test('is what the prepare pod reaches, beside DNS', () => {
    expect(reachOf({ networkAccess: NetworkAccess.restricted([], { proxy }) }, 'prepare')).toEqual([
      ['0.0.0.0/0', [3128]],
    ]);
  });

  test.each([
    ['proxy.example.com:3128', 'url'],
    ['ftp://proxy.example.com', 'url'],
    ['http://proxy.example.com:3128/path', 'url'],
    ['http:proxy.example.com', 'url'],
    ['nonsense', 'url'],
    ['', 'url'],
  ])('at %s is none', (url, key) => {
    const app = tree({ networkAccess: NetworkAccess.restricted([], { proxy: { url } }) });
    expect(findingsWith(app, 'invalid-proxy')).toEqual([
      expect.objectContaining({ severity: 'error', key: `networkAccess.proxy.${key}`, got: url }),
    ]);
  });

  test('without an address is none', () => {
    const app = tree({ networkAccess: NetworkAccess.restricted([], { proxy: {} as never }) });
    expect(findingsWith(app, 'invalid-proxy')).toEqual([
      expect.objectContaining({ severity: 'error', key: 'networkAccess.proxy.url', got: '' }),
    ]);
  });

  test('with a password in its address is an error that does not show it', () => {
    const app = tree({
      networkAccess: NetworkAccess.restricted([], { proxy: { url: 'http://me:hunter2@proxy:3128' } }),
    });
    const found = findingsWith(app, 'invalid-proxy');
    expect(found).toEqual([expect.objectContaining({ got: 'http://…@proxy:3128' })]);
    expect(JSON.stringify(findingsOf(app))).not.toContain('hunter2');
  });

  test.each(['10.0.0.0/8', '*', 'a b', 'host:8080'])(
    'is not told to leave %s out, which not all libraries understand',
    (entry) => {
      const app = tree({ networkAccess: NetworkAccess.restricted([], { proxy: { ...proxy, noProxy: [entry] } }) });
      expect(findingsWith(app, 'invalid-proxy')).toEqual([
        expect.objectContaining({ key: 'networkAccess.proxy.noProxy', got: entry }),
      ]);
    },
  );

  test('is set in one place: another one in the variables of the pod is refused', () => {
    const networkAccess = NetworkAccess.restricted([], { proxy });
    const app = tree({ networkAccess, preparePod: { env: { https_proxy: 'http://other:1' } } });
    expect(findingsWith(app, 'owned-variable')).toEqual([
      expect.objectContaining({ key: 'preparePod.env.https_proxy' }),
    ]);
  });
});

describe('a CA bundle', () => {
  const podWith = (caBundle: CaBundle, props: Partial<QwenQLoRAJobProps> = {}, component = 'prepare') =>
    jobOf(written({ ...props, networkAccess: NetworkAccess.unrestricted({ caBundle }) }).manifests, component);
  const items = [{ key: 'ca-bundle.crt', path: 'ca.crt' }];
  const volumeOf = (job: ReturnType<typeof podWith>) =>
    job.spec?.template.spec?.volumes?.find(({ name }) => name === 'ca-bundle');

  test.each([
    ['ConfigMap', CaBundle.fromConfigMap('company-ca', 'ca-bundle.crt'), { configMap: { name: 'company-ca', items } }],
    [
      'Secret',
      CaBundle.fromSecret({ ...CREDENTIALS, key: 'ca-bundle.crt' }),
      { secret: { secretName: 'proxy', items } },
    ],
  ])('of a %s is mounted where the variables of each library point', (_, caBundle, source) => {
    const job = podWith(caBundle);
    const file = '/etc/ca-bundle/ca.crt';
    expect(volumeOf(job)).toEqual({ name: 'ca-bundle', ...source });
    expect(containerOf(job).volumeMounts).toContainEqual({
      name: 'ca-bundle',
      mountPath: '/etc/ca-bundle',
      readOnly: true,
    });
    expect(envOf(containerOf(job))).toMatchObject({
      SSL_CERT_FILE: file,
      REQUESTS_CA_BUNDLE: file,
      PIP_CERT: file,
      CURL_CA_BUNDLE: file,
    });
  });

  test('reaches the training pod only if it reports to somebody', () => {
    const caBundle = CaBundle.fromConfigMap('company-ca');
    expect(volumeOf(podWith(caBundle, {}, 'train'))).toBeUndefined();
    const job = podWith(caBundle, { train: { reportTo: 'wandb' } }, 'train');
    expect(volumeOf(job)).toBeDefined();
    expect(envOf(containerOf(job))).toHaveProperty('SSL_CERT_FILE');
  });

  test('need not be made here', () => {
    const networkAccess = NetworkAccess.restricted([], { caBundle: CaBundle.fromConfigMap('company-ca') });
    expect(findingsOf(tree({ networkAccess }))).toEqual(findingsOf(tree({})));
  });

  test.each([
    ['Company CA', 'ca.crt'],
    ['company-ca', 'a b'],
  ])('has no name like %s, key %s', (name, key) => {
    const networkAccess = NetworkAccess.restricted([], { caBundle: CaBundle.fromConfigMap(name, key) });
    expect(findingsWith(tree({ networkAccess }), 'invalid-name')).toEqual([
      expect.objectContaining({ severity: 'error', key: 'CaBundle.fromConfigMap' }),
    ]);
  });
});
