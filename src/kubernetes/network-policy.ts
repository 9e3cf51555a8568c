import { isIP } from 'node:net';
import type { NetworkPolicySpec } from 'kubernetes-types/networking/v1';
import { type Arguments, isOn, namesOf, textOf } from '../llamafactory/effective-arguments';
import { JOB_LABEL } from './labels';
import { isDirect, type ProxyAddress } from './way-out';

type Egress = NonNullable<NetworkPolicySpec['egress']>[number];
type Peer = NonNullable<Egress['to']>[number];

/** Where DNS is answered. A policy sees the pods behind a Service, and their port. */
export interface DnsPeer {
  readonly to: Peer;
  readonly port: number;
}

/** The cluster's own DNS, as kubeadm, k3s, RKE2, EKS, AKS, GKE and ACK label it, be it CoreDNS or kube-dns. */
export const KUBE_DNS: DnsPeer = {
  to: {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
    podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
  },
  port: 53,
};

/**
 * Everywhere but where a node answers for itself: link-local addresses, and the metadata services that clouds have at
 * other addresses, which hand out a node's credentials. Pods are named beside addresses, since Cilium takes ranges for
 * what is outside of the cluster.
 * Source: Alibaba Cloud ECS, "Access instance metadata" (100.100.100.200); Azure, "What is IP address 168.63.129.16";
 * AWS EC2, "Instance Metadata Service" (fd00:ec2::254); Google Cloud, "About VM metadata" (fd20:ce::254).
 */
const ANYWHERE: Peer[] = [
  { ipBlock: { cidr: '0.0.0.0/0', except: ['169.254.0.0/16', '100.100.100.200/32', '168.63.129.16/32'] } },
  { ipBlock: { cidr: '::/0', except: ['fe80::/10', 'fd00:ec2::254/128', 'fd20:ce::254/128'] } },
  { namespaceSelector: {} },
];

/** Addresses, and the TCP ports there. */
export interface Destination {
  readonly cidr: string;
  readonly ports: readonly number[];
}

/** What a pod may reach. */
export interface Reach {
  readonly dns: readonly DnsPeer[];
  readonly destinations: readonly Destination[];
  /** TCP ports at any address that isn't the node's own; `all`: every port of every protocol. */
  readonly ports: readonly number[] | 'all';
  /** Whether the Job's pods talk to each other: with more than one node. */
  readonly peers: boolean;
}

/**
 * The network policy of a Job's pods: what isn't named is denied, in both directions.
 * @param reaches what they may reach; several where runs share the Job, and then all of it
 */
export function networkPolicySpec(jobName: string, reaches: readonly Reach[]): NetworkPolicySpec {
  const podSelector = { matchLabels: { [JOB_LABEL]: jobName } };
  const peers = reaches.some((reach) => reach.peers);
  const rules = new Map(reaches.flatMap(egressOf).map((rule) => [JSON.stringify(rule), rule]));
  return {
    podSelector,
    policyTypes: ['Ingress', 'Egress'],
    ...(peers ? { ingress: [{ from: [{ podSelector }] }] } : {}),
    egress: [...rules.values(), ...(peers ? [{ to: [{ podSelector }] }] : [])],
  };
}

function egressOf({ dns, destinations, ports }: Reach): Egress[] {
  const tcp = (list: readonly number[]) => list.map((port) => ({ port, protocol: 'TCP' }));
  const anywhere = ports === 'all' ? [{ to: ANYWHERE }] : [{ to: ANYWHERE, ports: tcp(ports) }];
  return [
    ...dns.map(({ to, port }) => ({ to: [to], ports: ['UDP', 'TCP'].map((protocol) => ({ port, protocol })) })),
    ...(ports.length === 0 ? [] : anywhere),
    ...destinations.map(({ cidr, ports: open }) => ({ to: [{ ipBlock: { cidr } }], ports: tcp(open) })),
  ];
}

/** What a policy lets pods of a run reach, before it is known which pod. */
export interface Restriction {
  readonly dns: readonly DnsPeer[];
  /** Of the training pod. */
  readonly destinations: readonly Destination[];
  /** Of the prepare pod; undefined: any, at the ports of what it fetches from. */
  readonly prepareDestinations?: readonly Destination[];
}

/** What a pod may reach that fetches from some URLs, and from the public hubs beside. */
export function fetchReach(
  urls: readonly string[],
  { dns, prepareDestinations }: Restriction,
  proxy?: ProxyAddress,
): Reach {
  const reach = { dns, peers: false };
  const exit = proxy === undefined ? undefined : addressOf(proxy.url);
  const known = exit === undefined ? [] : [exit];
  if (prepareDestinations !== undefined)
    return { ...reach, destinations: [...known, ...prepareDestinations], ports: [] };
  if (proxy === undefined) return { ...reach, destinations: [], ports: portsOf(urls, PUBLIC) };
  const direct = urls.filter((url) => URL.canParse(url) && isDirect(proxy, hostOf(url)));
  return { ...reach, destinations: known, ports: portsOf(exit === undefined ? [proxy.url, ...direct] : direct) };
}

/** What a training pod may reach: what is named, and the proxy where it reports to somebody by it. */
export function trainingReach(
  { dns, destinations }: Restriction,
  proxy: ProxyAddress | undefined,
  peers: boolean,
): Reach {
  const exit = proxy === undefined ? undefined : addressOf(proxy.url);
  return {
    dns,
    destinations: [...(exit === undefined ? [] : [exit]), ...destinations],
    // Where addresses are named, the proxy's are among them.
    ports: proxy === undefined || exit !== undefined || destinations.length > 0 ? [] : portsOf([proxy.url]),
    peers,
  };
}

/** The ports of the public hubs and package index. */
const PUBLIC = [80, 443];

/** The ports of schemes that say none. */
const PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443, 'socks5:': 1080, 'socks5h:': 1080 };

/**
 * The ports that connecting to some URLs takes, beside others. A host of the cluster's own may be a Service: the port
 * behind it isn't known here, so none is denied.
 */
export function portsOf(urls: readonly string[], beside: readonly number[] = []): readonly number[] | 'all' {
  const ports = new Set(beside);
  for (const url of urls) {
    if (!URL.canParse(url)) continue;
    if (isInternal(hostOf(url))) return 'all';
    ports.add(portOf(url));
  }
  return [...ports].sort((a, b) => a - b);
}

/** The host of a URL, an IPv6 address without its brackets. */
export function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '');
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return port === '' ? (PORTS[protocol] ?? 443) : Number(port);
}

/** The one address that a URL names, and its port; undefined if it names a host. */
function addressOf(url: string): Destination | undefined {
  if (!URL.canParse(url)) return undefined;
  const version = isIP(hostOf(url));
  return version === 0 ? undefined : { cidr: singleAddress(hostOf(url)), ports: [portOf(url)] };
}

/** The range of one address alone. */
export function singleAddress(address: string): string {
  return `${address}/${isIP(address) === 4 ? 32 : 128}`;
}

function isInternal(hostname: string): boolean {
  if ((!hostname.includes('.') && isIP(hostname) === 0) || /\.(svc|local|internal)$/.test(hostname)) return true;
  return /^(10|127|192\.168|172\.(1[6-9]|2\d|3[01]))\./.test(hostname);
}

/** Trackers that a run reports to over the network. Source: transformers src/transformers/integrations. */
const TRACKERS = ['wandb', 'swanlab', 'comet_ml', 'mlflow', 'neptune', 'trackio', 'clearml', 'azure_ml'];

/** The variable by which a tracker is told to stay offline, or for mlflow, where its server is. */
const OFFLINE: Readonly<Record<string, (env: Readonly<Record<string, string>>) => boolean>> = {
  wandb: (env) => ['offline', 'dryrun', 'disabled'].includes(env['WANDB_MODE'] ?? ''),
  swanlab: (env) => ['local', 'offline', 'disabled'].includes(env['SWANLAB_MODE'] ?? ''),
  mlflow: (env) => !/^https?:/.test(env['MLFLOW_TRACKING_URI'] ?? ''),
};

/** The trackers that a run needs a network for. */
export function networkTrackers(run: Arguments, env: Readonly<Record<string, string>>): string[] {
  const swanlab = isOn(run, 'use_swanlab') && textOf(run, 'swanlab_mode') !== 'local' ? ['swanlab'] : [];
  return [...new Set([...namesOf(run, 'report_to'), ...swanlab])].filter(
    (name) => TRACKERS.includes(name) && !OFFLINE[name]?.(env),
  );
}
