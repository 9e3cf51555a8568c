import type { EnvVar, Volume, VolumeMount } from 'kubernetes-types/core/v1';

/** The key of a Secret. */
export interface SecretKey {
  readonly secretName: string;
  readonly key: string;
}

/** A proxy that stands between a pod and the servers it fetches from. */
export interface ProxyAddress {
  /** Without credentials. */
  readonly url: string;
  /** Hosts that are reached without it. */
  readonly noProxy: readonly string[];
  /** `user:password`, each percent-encoded. */
  readonly credentials?: SecretKey;
}

/** Certificates of the authorities that a pod trusts, as a file of a ConfigMap or Secret. */
export type CaFile = { readonly key: string } & ({ readonly configMap: string } | { readonly secret: string });

/** How a pod gets to servers, where that is not directly or where they have private certificates. */
export interface WayOut {
  readonly proxy?: ProxyAddress;
  readonly caFile?: CaFile;
}

/** Hosts that no proxy is asked for: the pod itself, and Services of the cluster. */
const INSIDE = ['localhost', '127.0.0.1', '::1', '.svc', '.cluster.local'];

const CA_DIRECTORY = '/etc/ca-bundle';
const CA_FILE = 'ca.crt';
const CREDENTIALS = 'PROXY_CREDENTIALS';

/** Whether the proxy speaks SOCKS. */
export function isSocks({ url }: ProxyAddress): boolean {
  return url.startsWith('socks');
}

/**
 * Whether a server is reached without the proxy, as Python's libraries understand NO_PROXY. A name without a dot is one
 * of the cluster's own, which no proxy outside can know.
 */
export function isDirect({ noProxy }: ProxyAddress, host: string): boolean {
  if (isOfCluster(host)) return true;
  return [...INSIDE, ...noProxy].some((entry) => {
    const name = entry.replace(/^\./, '');
    return host === name || host.endsWith(`.${name}`);
  });
}

function isOfCluster(host: string): boolean {
  return !host.includes('.') && !host.includes(':');
}

/**
 * The variables that hub clients, pip and Python read, in both spellings: curl reads the small ones alone, others the
 * large ones. Credentials come first, since Kubernetes puts in what was defined before.
 * @param hosts those of the servers that are fetched from: one of the cluster's own must stand in NO_PROXY
 */
export function wayOutEnv({ proxy, caFile }: WayOut, hosts: readonly string[]): EnvVar[] {
  return [
    ...(proxy === undefined ? [] : proxyEnv(proxy, hosts.filter(isOfCluster))),
    ...(caFile === undefined
      ? []
      : CA_VARIABLES.map((name): EnvVar => ({ name, value: `${CA_DIRECTORY}/${CA_FILE}` }))),
  ];
}

/** Who reads them: OpenSSL with Python's ssl and httpx; requests; pip; curl. */
const CA_VARIABLES = ['SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE', 'PIP_CERT', 'CURL_CA_BUNDLE'];
const PROXY_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'];

/** Variables that say the way out, and what to do instead of setting them in `env`. */
export function wayOutVariables({ proxy, caFile }: WayOut): Record<string, string> {
  const proxies = proxy === undefined ? [] : PROXY_VARIABLES.flatMap(bothSpellings);
  return {
    ...Object.fromEntries([...proxies, CREDENTIALS].map((name) => [name, 'set it by the proxy of networkAccess'])),
    ...Object.fromEntries(
      (caFile === undefined ? [] : CA_VARIABLES).map((name) => [name, 'set it by the caBundle of networkAccess']),
    ),
  };
}

function bothSpellings(name: string): string[] {
  return [name, name.toLowerCase()];
}

function proxyEnv(proxy: ProxyAddress, direct: readonly string[]): EnvVar[] {
  const { url, noProxy, credentials } = proxy;
  const address = credentials === undefined ? url : url.replace('://', `://$(${CREDENTIALS})@`);
  const values: Record<string, string> = {
    HTTP_PROXY: address,
    HTTPS_PROXY: address,
    ...(isSocks(proxy) ? { ALL_PROXY: address } : {}),
    NO_PROXY: [...new Set([...INSIDE, ...direct, ...noProxy])].join(','),
  };
  return [
    ...(credentials === undefined
      ? []
      : [
          {
            name: CREDENTIALS,
            valueFrom: { secretKeyRef: { name: credentials.secretName, key: credentials.key } },
          },
        ]),
    ...Object.entries(values).flatMap(([name, value]) => bothSpellings(name).map((each) => ({ name: each, value }))),
  ];
}

/** Where the certificates are mounted. */
export function wayOutMounts({ caFile }: WayOut): VolumeMount[] {
  return caFile === undefined ? [] : [{ name: 'ca-bundle', mountPath: CA_DIRECTORY, readOnly: true }];
}

/** The volume behind {@link wayOutMounts}. */
export function wayOutVolumes({ caFile }: WayOut): Volume[] {
  if (caFile === undefined) return [];
  const items = [{ key: caFile.key, path: CA_FILE }];
  return [
    {
      name: 'ca-bundle',
      ...('configMap' in caFile
        ? { configMap: { name: caFile.configMap, items } }
        : { secret: { secretName: caFile.secret, items } }),
    },
  ];
}
