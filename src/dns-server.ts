import { isIP } from 'node:net';
import { labelProblems, objectNameProblems } from './kubernetes/name-problems';
import { type DnsPeer, KUBE_DNS, singleAddress } from './kubernetes/network-policy';
import type { Problem } from './run/finding';
import { argumentProblems, checkedProps } from './run/props';

/** Pods that answer DNS. */
export interface DnsPods {
  /** Their namespace. */
  readonly namespace: string;
  /** Their labels. */
  readonly labels: { readonly [label: string]: string };
  /**
   * The port on which the pods listen, be it another than the Service's.
   * @default 53
   */
  readonly port?: number;
}

/** Who answers a pod's DNS queries, as a network policy can name it. */
export class DnsServer {
  /** The pods labelled `k8s-app: kube-dns` in kube-system: CoreDNS or kube-dns of most clusters. */
  public static kubeDns(): DnsServer {
    return new DnsServer(KUBE_DNS, []);
  }

  /** Other pods: on OpenShift those of `openshift-dns`, port 5353. */
  public static pods(given: DnsPods): DnsServer {
    const { sound, problems } = checkedProps('DnsPods', given, 'DnsServer.pods.');
    const { namespace = '', labels = {}, port = KUBE_DNS.port } = sound;
    const to = {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      podSelector: { matchLabels: { ...labels } },
    };
    return new DnsServer({ to, port }, [
      ...problems,
      ...objectNameProblems('DnsServer.pods.namespace', sound.namespace),
      ...labelProblems('DnsServer.pods.labels', labels),
      ...portProblems(port),
    ]);
  }

  /**
   * A server that is no pod: a node's cache, a resolver of the cloud, a Service that something on the node answers.
   * @param address its IPv4 or IPv6 address: `169.254.20.10` of the node-local cache
   */
  public static address(address: string, port = 53): DnsServer {
    const at = 'DnsServer.address';
    const unsound = argumentProblems({ kind: 'string' }, address, at);
    const problems = unsound.length > 0 ? unsound : isIP(address) === 0 ? [noAddress(at, address)] : [];
    const to = { ipBlock: { cidr: problems.length > 0 ? '' : singleAddress(address) } };
    return new DnsServer({ to, port }, [...problems, ...portProblems(port)]);
  }

  private constructor(
    /** @internal */
    public readonly _peer: DnsPeer,
    /** @internal */
    public readonly _problems: readonly Problem[],
  ) {}
}

function noAddress(key: string, got: string): Problem {
  return {
    id: 'invalid-destination',
    key,
    message: 'a network policy knows no host names',
    got,
    allowed: 'an IPv4 or IPv6 address: 169.254.20.10',
  };
}

function portProblems(port: number): Problem[] {
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return [];
  return [
    {
      id: 'invalid-destination',
      key: 'DnsServer.port',
      message: 'no such port',
      got: String(port),
      allowed: 'a whole number from 1 to 65535',
    },
  ];
}
