import { isIP } from 'node:net';
import type { SecretValue } from 'cdk8s-plus-28';
import type { CaBundle } from './ca-bundle';
import { DnsServer } from './dns-server';
import type { RequestedNetwork } from './job/request';
import type { Destination } from './kubernetes/network-policy';
import type { ProxyAddress } from './kubernetes/way-out';
import type { Problem } from './run/finding';
import { argumentProblems, checkedProps } from './run/props';

/** Somewhere a pod may connect to. */
export interface NetworkDestination {
  /** Addresses as a network policy names them; host names can't be said there: `10.0.8.0/24`, `203.0.113.7/32`. */
  readonly cidr: string;
  /**
   * TCP ports.
   * @default - 443
   */
  readonly ports?: number[];
}

/** A proxy between the pods and the servers they fetch from. */
export interface ProxyServer {
  /**
   * Its address: `http://proxy.example.com:3128`, also `https://`, `socks5://`, and `socks5h://`, whose proxy looks up
   * the names. SOCKS needs the package PySocks in the image, and with huggingface_hub from 1.0 on socksio too.
   */
  readonly url: string;
  /**
   * Hosts that are reached without it: names, `.example.com` for all below, single addresses. No ranges of addresses,
   * which Python's libraries don't agree on.
   * @default - none beside the pod itself, `.svc`, `.cluster.local` and names without a dot
   */
  readonly noProxy?: string[];
  /**
   * The key of a Secret that holds `user:password`, both percent-encoded as in a URL.
   * @default - the proxy wants none
   */
  readonly credentials?: SecretValue;
}

/** How pods get to the servers that they fetch from. */
export interface NetworkOptions {
  /**
   * A proxy. The pods get it that download: that of the prepare Job, and the training pod if it reports to a tracker.
   * @default - servers are reached directly
   */
  readonly proxy?: ProxyServer;
  /**
   * The certificate authorities that the same pods trust, for hubs, web servers, the package index and trackers.
   * @default - those of the image
   */
  readonly caBundle?: CaBundle;
}

/** What pods may reach, and how they get there. */
export interface RestrictedNetworkOptions extends NetworkOptions {
  /**
   * Who answers DNS queries; the pods may ask nobody else.
   * @default - DnsServer.kubeDns()
   */
  readonly dns?: DnsServer[];
  /**
   * Where the prepare pod may connect to, with `ports` 443 if none are named: its hub, its package index or their proxy.
   * A proxy that `url` names by an address need not be repeated.
   * @default - any address but link-local ones and the metadata services of clouds, at the ports of the proxy, or without
   * one at 80, 443 and those of its sources and package index
   */
  readonly prepareDestinations?: NetworkDestination[];
}

/**
 * What the pods of a run may reach. It becomes a NetworkPolicy for each Job, which the cluster's network must enforce:
 * Calico, Cilium and k3s do, flannel alone doesn't.
 */
export class NetworkAccess {
  /**
   * The training pod reaches DNS and what is named here, nothing else: it trains from its volumes. The prepare pod
   * reaches DNS, and what it fetches from. Nobody reaches either.
   * @param destinations trackers and whatever else the trainer talks to
   */
  public static restricted(
    destinations: NetworkDestination[] = [],
    options: RestrictedNetworkOptions = {},
  ): NetworkAccess {
    const kind = { kind: 'list', of: { kind: 'props', name: 'NetworkDestination' } } as const;
    const unsound = argumentProblems(kind, destinations, 'networkAccess');
    const { sound, problems } = checkedProps('RestrictedNetworkOptions', options, 'networkAccess.');
    const { dns = [DnsServer.kubeDns()], prepareDestinations, ...ways } = sound;
    const named = unsound.length > 0 ? [] : destinations;
    return NetworkAccess.of(
      ways,
      {
        dns: dns.map(({ _peer }) => _peer),
        destinations: named.map(destinationOf),
        prepareDestinations: prepareDestinations?.map(destinationOf),
      },
      [
        ...unsound,
        ...problems,
        ...dns.flatMap(({ _problems }) => _problems),
        ...(dns.length > 0 ? [] : [noDns()]),
        ...named.flatMap((each) => destinationProblems('networkAccess', each)),
        ...(prepareDestinations ?? []).flatMap((each) =>
          destinationProblems('networkAccess.prepareDestinations', each),
        ),
      ],
    );
  }

  /** No NetworkPolicy is made: for namespaces that have their own, or pods in a service mesh. */
  public static unrestricted(options: NetworkOptions = {}): NetworkAccess {
    const { sound, problems } = checkedProps('NetworkOptions', options, 'networkAccess.');
    return NetworkAccess.of(sound, undefined, problems);
  }

  private static of(
    { proxy, caBundle }: NetworkOptions,
    restricted: RequestedNetwork['restricted'],
    problems: readonly Problem[],
  ): NetworkAccess {
    return new NetworkAccess({ restricted, proxy: proxy && proxyOf(proxy), caFile: caBundle?._file }, [
      ...problems,
      ...(proxy === undefined ? [] : proxyProblems(proxy)),
      ...(caBundle?._problems ?? []),
    ]);
  }

  private constructor(
    /** @internal */
    public readonly _network: RequestedNetwork,
    /** @internal */
    public readonly _problems: readonly Problem[],
  ) {}
}

function destinationOf({ cidr, ports = [443] }: NetworkDestination): Destination {
  return { cidr, ports };
}

function proxyOf({ url = '', noProxy = [], credentials }: ProxyServer): ProxyAddress {
  return {
    url: url.replace(/\/$/, ''),
    noProxy,
    credentials: credentials === undefined ? undefined : { secretName: credentials.secret.name, key: credentials.key },
  };
}

function noDns(): Problem {
  return {
    id: 'invalid-destination',
    key: 'networkAccess.dns',
    message: 'without DNS no server is found by its name',
    got: 'none',
    change: 'name one, DnsServer.address(…), or leave dns out',
  };
}

function destinationProblems(key: string, { cidr, ports = [] }: NetworkDestination): Problem[] {
  const problem = (message: string, got: string, allowed: string): Problem => ({
    id: 'invalid-destination',
    key,
    message,
    got,
    allowed,
  });
  return [
    ...(isCidr(cidr)
      ? []
      : [
          problem(
            'a network policy knows ranges of addresses only, no host names',
            cidr,
            'for example 203.0.113.7/32 for one address, 10.0.8.0/24 for many',
          ),
        ]),
    ...ports
      .filter((port) => !Number.isInteger(port) || port < 1 || port > 65535)
      .map((port) => problem('no such TCP port', String(port), 'a whole number from 1 to 65535')),
  ];
}

const SCHEMES = ['http:', 'https:', 'socks5:', 'socks5h:'];

function proxyProblems({ url = '', noProxy = [] }: ProxyServer): Problem[] {
  const problem = (key: string, message: string, got: string, allowed: string): Problem => ({
    id: 'invalid-proxy',
    key: `networkAccess.proxy.${key}`,
    message,
    got,
    allowed,
  });
  return [
    ...urlProblems(url, problem),
    ...noProxy
      .filter((entry) => isIP(entry) === 0 && !/^\.?[\w-]+(\.[\w-]+)*$/.test(entry))
      .map((entry) =>
        problem(
          'noProxy',
          "Python's libraries don't all understand this in NO_PROXY, and those that don't would ask the proxy",
          entry,
          'a name, .example.com for all below, or one address',
        ),
      ),
  ];
}

function urlProblems(
  text: string,
  problem: (key: string, message: string, got: string, allowed: string) => Problem,
): Problem[] {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && url.username + url.password !== '') {
    // What stands before the @ is not shown: it may be a password.
    const got = `${url.protocol}//…@${url.host}`;
    return [
      problem('url', 'a name or password would stand in the manifest', got, 'an address without them, and credentials'),
    ];
  }
  const usable =
    url !== undefined &&
    SCHEMES.includes(url.protocol) &&
    text.startsWith(`${url.protocol}//`) &&
    url.hostname !== '' &&
    /^\/?$/.test(url.pathname) &&
    url.search + url.hash === '';
  if (usable) return [];
  return [
    problem('url', 'this is no address of a proxy', text, `${SCHEMES.join('//…, ')}//…: a host and a port alone`),
  ];
}

function isCidr(text: string): boolean {
  const [, address = '', bits = ''] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text) ?? [];
  const version = isIP(address);
  return version !== 0 && Number(bits) <= (version === 4 ? 32 : 128);
}
