import { isIP } from 'node:net';
import type { Problem } from './run/finding';
import { argumentProblems } from './run/props';

/** Somewhere a training pod may connect to. */
export interface NetworkDestination {
  /** Addresses as a network policy names them; host names can't be said there: `10.0.8.0/24`, `203.0.113.7/32`. */
  readonly cidr: string;
  /**
   * TCP ports.
   * @default - 443
   */
  readonly ports?: number[];
}

/**
 * What the pods of a run may reach. It becomes a NetworkPolicy for each Job, which the cluster's network must enforce:
 * Calico, Cilium and k3s do, flannel alone doesn't.
 */
export class NetworkAccess {
  /**
   * The training pod reaches DNS and what is named here, nothing else: it trains from its volumes. The prepare pod
   * reaches DNS, and ports 80, 443 and those of its sources and package index at any address. Nobody reaches either.
   * @param destinations trackers and whatever else the trainer talks to
   */
  public static restricted(destinations: NetworkDestination[] = []): NetworkAccess {
    const kind = { kind: 'list', of: { kind: 'props', name: 'NetworkDestination' } } as const;
    const unsound = argumentProblems(kind, destinations, 'networkAccess');
    return new NetworkAccess(unsound.length > 0 ? [] : destinations, unsound);
  }

  /** No NetworkPolicy is made: for namespaces that have their own, or pods in a service mesh. */
  public static unrestricted(): NetworkAccess {
    return new NetworkAccess(undefined, []);
  }

  private constructor(
    /**
     * Undefined: no policy.
     * @internal
     */
    public readonly _destinations: readonly NetworkDestination[] | undefined,
    private readonly unsound: readonly Problem[],
  ) {}

  /** @internal */
  public get _problems(): Problem[] {
    const problem = (message: string, got: string, allowed: string): Problem => ({
      id: 'invalid-destination',
      key: 'networkAccess',
      message,
      got,
      allowed,
    });
    const found = (this._destinations ?? []).flatMap(({ cidr, ports = [] }) => [
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
    ]);
    return [...this.unsound, ...found];
  }
}

function isCidr(text: string): boolean {
  const [, address = '', bits = ''] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text) ?? [];
  const version = isIP(address);
  return version !== 0 && Number(bits) <= (version === 4 ? 32 : 128);
}
