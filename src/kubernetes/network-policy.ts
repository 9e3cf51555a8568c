import type { NetworkPolicySpec } from 'kubernetes-types/networking/v1';
import { type Arguments, isOn, namesOf, textOf } from '../llamafactory/effective-arguments';
import { JOB_LABEL } from './labels';

type Egress = NonNullable<NetworkPolicySpec['egress']>[number];

/**
 * DNS by UDP and TCP, wherever it is: a cluster's own server is behind a Service, a node's cache at a link-local
 * address. A policy sees the port behind a Service, and OpenShift's DNS listens on 5353.
 */
const DNS: Egress = {
  ports: [53, 5353].flatMap((port) => ['UDP', 'TCP'].map((protocol) => ({ port, protocol }))),
};

/** What a pod may reach. */
export interface Reach {
  /** The Job whose pods the policy is for. */
  readonly jobName: string;
  /** Addresses, and the TCP ports there. */
  readonly destinations: ReadonlyArray<{ readonly cidr: string; readonly ports: readonly number[] }>;
  /** TCP ports at any address; `all`: every port of every protocol. */
  readonly ports: readonly number[] | 'all';
  /** Whether the Job's pods talk to each other: with more than one node. */
  readonly peers: boolean;
}

/** The network policy of a Job's pods: what isn't named is denied, in both directions. */
export function networkPolicySpec({ jobName, destinations, ports, peers }: Reach): NetworkPolicySpec {
  const podSelector = { matchLabels: { [JOB_LABEL]: jobName } };
  const tcp = (list: readonly number[]) => list.map((port) => ({ port, protocol: 'TCP' }));
  const egress: Egress[] =
    ports === 'all'
      ? [{}]
      : [
          DNS,
          ...(ports.length === 0 ? [] : [{ ports: tcp(ports) }]),
          ...destinations.map(({ cidr, ports: open }) => ({ to: [{ ipBlock: { cidr } }], ports: tcp(open) })),
          ...(peers ? [{ to: [{ podSelector }] }] : []),
        ];
  return {
    podSelector,
    policyTypes: ['Ingress', 'Egress'],
    ...(peers ? { ingress: [{ from: [{ podSelector }] }] } : {}),
    egress,
  };
}

/**
 * The ports that fetching from some URLs takes, beside those of the public hubs. A host of the cluster's own may be a
 * Service: the port behind it isn't known here, so none is denied.
 */
export function portsOf(urls: readonly string[]): readonly number[] | 'all' {
  const ports = new Set([80, 443]);
  for (const url of urls) {
    if (!URL.canParse(url)) continue;
    const { hostname, port } = new URL(url);
    if (isInternal(hostname)) return 'all';
    if (port !== '') ports.add(Number(port));
  }
  return [...ports].sort((a, b) => a - b);
}

function isInternal(hostname: string): boolean {
  if (!hostname.includes('.') || /\.(svc|local|internal)$/.test(hostname)) return true;
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
