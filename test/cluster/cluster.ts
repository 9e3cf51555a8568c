import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Job } from 'kubernetes-types/batch/v1';
import type { Event, Node, PersistentVolume, PersistentVolumeClaim, Pod } from 'kubernetes-types/core/v1';
import { type Manifest, missing, namespacesOf, workloads } from './manifest';

const BIN = process.env.BIN ?? join(__dirname, 'bin');
const RUN = process.env.RUN ?? join(__dirname, 'run');

/** What a program said. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one of this folder's scripts; its output is the test's. */
export function script(name: string, ...args: readonly string[]): void {
  execFileSync(join(__dirname, name), args, { stdio: 'inherit' });
}

/** Runs kubectl against the test cluster, and no other, with an object or a list of them on its standard input. */
export function kubectl(args: readonly string[], objects?: object): Outcome {
  const input =
    objects && JSON.stringify(Array.isArray(objects) ? { apiVersion: 'v1', kind: 'List', items: objects } : objects);
  return spawnSync(join(BIN, 'kubectl'), ['--kubeconfig', join(RUN, 'admin.kubeconfig'), ...args], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
}

/** Runs a shell command in a folder, where `kubectl` is the test cluster's. */
export function shell(folder: string, command: string): Outcome {
  const env = { ...process.env, KUBECONFIG: join(RUN, 'admin.kubeconfig'), PATH: `${BIN}:${process.env.PATH}` };
  return spawnSync('bash', ['-c', command], { cwd: folder, env, encoding: 'utf8' });
}

/** Standard output of a kubectl that must succeed. */
function output(args: readonly string[], objects?: readonly unknown[]): string {
  const { status, stdout, stderr } = kubectl(args, objects);
  if (status !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** The objects `kubectl get` finds. */
function get<T>(args: readonly string[], objects?: readonly unknown[]): T[] {
  const found = JSON.parse(output(['get', '-o', 'json', ...args], objects));
  return found.kind === 'List' ? found.items : [found];
}

/** The server's minor version: 34 of v1.34.4. */
export function serverMinor(): number {
  return Number(JSON.parse(output(['version', '-o', 'json'])).serverVersion.minor);
}

/** Leaves only these nodes to the scheduler: a cluster of them alone. */
export function onlyNodes(names: readonly string[]): void {
  for (const { metadata } of get<Node>(['nodes'])) {
    output([names.includes(metadata?.name ?? '') ? 'uncordon' : 'cordon', metadata?.name ?? '']);
  }
}

/**
 * Removes some objects and their namespaces, frees the volumes they used, and makes the namespaces anew, empty and
 * enforcing the `restricted` Pod Security Standard.
 */
export function startAfresh(manifests: readonly Manifest[]): void {
  const namespaces = namespacesOf(manifests);
  // Pods of other Jobs would hold the claims.
  for (const name of namespaces) output(['delete', 'jobs', '--all', '-n', name]);
  // A namespace's own deletion waits long for pods and claims.
  output(['delete', '--ignore-not-found', '-f', '-'], manifests);
  output(['delete', 'namespace', '--ignore-not-found', ...namespaces]);
  freeVolumes();
  const labels = {
    'pod-security.kubernetes.io/enforce': 'restricted',
    'pod-security.kubernetes.io/warn': 'restricted',
  };
  output(
    ['create', '-f', '-'],
    namespaces.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })),
  );
  for (const name of namespaces)
    output(['wait', '--for=create', '--timeout=30s', '-n', name, 'serviceaccount/default']);
}

/** Takes the claims off all volumes: more than once, since the controller may be about to write what it saw before. */
function freeVolumes(): void {
  for (let tries = 0; tries < 40; tries++) {
    const claims = new Set(get<PersistentVolumeClaim>(['pvc', '-A']).map(({ metadata }) => metadata?.uid));
    const taken = get<PersistentVolume>(['persistentvolumes']).filter(
      ({ spec }) => spec?.claimRef !== undefined && (tries === 0 || !claims.has(spec.claimRef.uid)),
    );
    if (taken.length === 0) return;
    for (const { metadata } of taken) {
      output(['patch', 'persistentvolume', metadata?.name ?? '', '-p', '{"spec":{"claimRef":null}}']);
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 250);
  }
}

/**
 * Waits until every Job of the namespaces is complete, and says which aren't after `seconds`, with the warnings that
 * tell why.
 */
export async function unfinished(namespaces: readonly string[], seconds = 60): Promise<string[]> {
  for (const end = Date.now() + seconds * 1000; ; await setTimeout(500)) {
    const open = namespaces.flatMap((namespace) =>
      get<Job>(['jobs', '-n', namespace]).filter(
        ({ status }) => !status?.conditions?.some(({ type, status }) => type === 'Complete' && status === 'True'),
      ),
    );
    if (open.length === 0) return [];
    if (Date.now() < end) continue;
    const warnings = namespaces
      .flatMap((namespace) => get<Event>(['events', '-n', namespace, '--field-selector', 'type=Warning']))
      .map(({ involvedObject, message }) => `${involvedObject.kind}/${involvedObject.name}: ${message}`);
    return [...open.map(({ metadata }) => `Job/${metadata?.name} is not complete`), ...warnings];
  }
}

/** The pods of the namespaces. */
export function pods(namespaces: readonly string[]): Pod[] {
  return namespaces.flatMap((namespace) => get<Pod>(['pods', '-n', namespace]));
}

/** The Jobs of a namespace. */
export function jobs(namespace: string): Job[] {
  return get<Job>(['jobs', '-n', namespace]);
}

/** Waits until something is so; throws if it isn't after two minutes. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + 120_000; !isSo(); await setTimeout(500)) {
    if (Date.now() > end) throw new Error(`two minutes have passed, and not yet: ${what}`);
  }
}

/** The ReadWriteOnce claims whose pods went to several nodes: a disk goes to one, and the other pods wait for it. */
export function scatteredClaims(namespaces: readonly string[]): string[] {
  return namespaces.flatMap((namespace) => {
    const running = pods([namespace]);
    return get<PersistentVolumeClaim>(['persistentvolumeclaims', '-n', namespace])
      .filter(({ spec }) => spec?.accessModes?.includes('ReadWriteOnce'))
      .map(({ metadata }) => {
        const users = running.filter(({ spec }) =>
          spec?.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === metadata?.name),
        );
        return { claim: metadata?.name, nodes: [...new Set(users.map(({ spec }) => spec?.nodeName))] };
      })
      .filter(({ nodes }) => nodes.length > 1)
      .map(({ claim, nodes }) => `${claim} is used on ${nodes.join(' and ')}`);
  });
}

/**
 * What admission says against the pods of the workloads. Pod Security only warns of a workload and refuses its pods,
 * so each template is tried as a pod.
 */
export function refusedPods(manifests: readonly Manifest[]): string[] {
  return workloads(manifests).flatMap(({ name, namespace, template }) => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      ...template,
      metadata: { ...template.metadata, name: 'dry-run', namespace },
    };
    const { stderr } = kubectl(['create', '--dry-run=server', '-f', '-'], [pod]);
    return stderr === '' ? [] : [`${name}: ${stderr.trim()}`];
  });
}

/** The same objects as the API server stores them, in the same order. */
export function readBack(manifests: readonly Manifest[]): Manifest[] {
  return get<Manifest>(['-f', '-'], manifests);
}

/** The fields that were sent and aren't stored, as `Kind/name/path`. */
export function lostFields(manifests: readonly Manifest[]): string[] {
  const stored = readBack(manifests);
  return manifests.flatMap((sent, index) =>
    missing(sent, stored[index]).map((path) => `${sent.kind}/${sent.metadata.name}${path}`),
  );
}
