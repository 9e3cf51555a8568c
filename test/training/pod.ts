import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Job } from 'kubernetes-types/batch/v1';
import type { Container, PodSpec, Volume, VolumeMount } from 'kubernetes-types/core/v1';
import type { Release } from '../../src/run/releases';
import { type Ended, type Running, start, textOf } from '../runtime/programs';
import { type Manifests, only } from '../synthesis';
import { VENV } from '../trainer-packages';
import { imageEnv, siteOf } from './environment';

/** A machine that runs pods: claims keep what is in them, from one pod to the next. */
export interface Machine {
  readonly folder: string;
  readonly release: Release;
  /**
   * True: a container has a root file system, processes and a user of its own. False where the machine doesn't allow
   * that (it takes root): then the paths in commands, variables and ConfigMaps are rewritten to folders of this machine.
   */
  readonly isolated: boolean;
}

/** A container on its way or ended. */
export interface RunningContainer extends Running {
  /** What it left for Kubernetes to read. */
  message(): string;
}

const NAMESPACES = ['--mount', '--pid', '--fork', '--kill-child', '--ipc'];

/** Whether containers can be isolated here. `ISOLATED=no` in the environment says no. */
export function canIsolate(): boolean {
  if (process.env['ISOLATED'] === 'no' || process.getuid?.() !== 0) return false;
  return spawnSync('unshare', [...NAMESPACES, 'mount', '-t', 'tmpfs', 'test', '/mnt']).status === 0;
}

/** A machine with a new folder inside `folder`. */
export function machine(folder: string, release: Release): Machine {
  return { folder: mkdtempSync(join(folder, 'machine-')), release, isolated: canIsolate() };
}

/** The folder of a claim's volume. */
export function claimFolder(on: Machine, claimName: string): string {
  const folder = join(on.folder, 'claims', claimName);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Runs a Job's pod to its end: the init containers one after another, then the container. */
export async function runPod(on: Machine, manifests: Manifests, job: Job): Promise<Ended & { message: string }> {
  const running = await startPod(on, manifests, job);
  return { ...(await running.ended), message: running.message() };
}

/** Starts a Job's pod; the init containers have ended when it returns. */
export async function startPod(on: Machine, manifests: Manifests, job: Job): Promise<RunningContainer> {
  const spec = job.spec?.template.spec ?? { containers: [] };
  const pod = layOut(on, manifests, spec);
  for (const container of spec.initContainers ?? []) {
    const { code, stdout, stderr } = await startContainer(on, pod, container).ended;
    if (code !== 0) throw new Error(`${container.name} ended with ${code}: ${stdout}${stderr}`);
  }
  return startContainer(on, pod, only(spec.containers));
}

/** Runs another command in a pod's container, to look at it from inside. */
export function runIn(on: Machine, manifests: Manifests, job: Job, command: string[]): Promise<Ended> {
  const spec = job.spec?.template.spec ?? { containers: [] };
  return startContainer(on, layOut(on, manifests, spec), { ...only(spec.containers), command }).ended;
}

/** The process that the kubelet would signal: the container's first. */
export function firstProcess(on: Machine, { child }: Running): number {
  const pid = child.pid ?? 0;
  return on.isolated ? only(childrenOf(pid)) : pid;
}

/** Kills every process of a container at once, with no chance to save anything; returns when all are gone. */
export async function killAll({ child }: Running): Promise<void> {
  const found = [child.pid ?? 0];
  for (const pid of found) found.push(...childrenOf(pid));
  for (const pid of found) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended with its parent.
    }
  }
  while (found.some(isAlive)) await new Promise((resolve) => setTimeout(resolve, 20));
}

function isAlive(pid: number): boolean {
  const stat = textOf(`/proc/${pid}/stat`);
  return stat !== '' && !/^\d+ \(.*\) Z/s.test(stat);
}

/** The processes that any thread of a process has started. */
function childrenOf(pid: number): number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const texts = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim());
    return texts.flatMap((text) => (text === '' ? [] : text.split(' ').map(Number)));
  } catch {
    return [];
  }
}

/** A pod's volumes on this machine. */
interface PodFolder {
  readonly folder: string;
  readonly spec: PodSpec;
  readonly volumes: ReadonlyMap<string, { readonly path: string; readonly size?: string; readonly readOnly?: boolean }>;
  /** Rewrites the paths of mounts in a text; the identity where containers are isolated. */
  readonly place: (text: string) => string;
}

function layOut(on: Machine, manifests: Manifests, spec: PodSpec): PodFolder {
  const folder = mkdtempSync(join(on.folder, 'pod-'));
  chmodSync(folder, 0o755);
  const mounts = [...(spec.initContainers ?? []), ...spec.containers].flatMap((each) => each.volumeMounts ?? []);
  const place = on.isolated ? (text: string) => text : rewriting(join(folder, 'root'), mounts);
  const fsGroup = on.isolated ? (spec.securityContext?.fsGroup ?? 0) : undefined;
  const volumes = new Map(
    (spec.volumes ?? []).map((volume) => {
      const path = volumeFolder(on, manifests, join(folder, 'volumes', volume.name), volume, place);
      const readOnly = volume.persistentVolumeClaim?.readOnly;
      if (fsGroup !== undefined && volume.configMap === undefined && readOnly !== true) giveTo(path, fsGroup);
      const memory = volume.emptyDir?.medium === 'Memory' ? volume.emptyDir.sizeLimit : undefined;
      return [volume.name, { path, readOnly, size: memory?.replace(/i$/, '') }];
    }),
  );
  return { folder, spec, volumes, place };
}

/** What the kubelet does for fsGroup. */
function giveTo(folder: string, group: number): void {
  chownSync(folder, 0, group);
  chmodSync(folder, 0o2775);
}

function volumeFolder(
  on: Machine,
  manifests: Manifests,
  path: string,
  volume: Volume,
  place: (text: string) => string,
): string {
  if (volume.persistentVolumeClaim !== undefined) return claimFolder(on, volume.persistentVolumeClaim.claimName);
  mkdirSync(path, { recursive: true });
  if (volume.configMap === undefined) {
    if (volume.emptyDir === undefined) throw new Error(`volume ${volume.name} is of a kind not known here`);
    chmodSync(path, 0o777);
    return path;
  }
  const { name, items, defaultMode } = volume.configMap;
  const data = only(manifests.configMaps.filter((each) => each.metadata?.name === name)).data ?? {};
  for (const item of items ?? Object.keys(data).map((key) => ({ key, path: key, mode: undefined }))) {
    const text = data[item.key];
    if (text === undefined) throw new Error(`ConfigMap ${name} has no key ${item.key}`);
    const file = join(path, item.path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, place(text));
    chmodSync(file, item.mode ?? defaultMode ?? 0o644);
  }
  return path;
}

function startContainer(on: Machine, pod: PodFolder, container: Container): RunningContainer {
  const message = join(pod.folder, `termination-log-${container.name}`);
  writeFileSync(message, '');
  chmodSync(message, 0o666);
  const env: Record<string, string> = { ...imageEnv(on.release) };
  for (const { name, value } of container.env ?? []) env[name] = pod.place(value ?? '');
  // What the pod puts on PYTHONPATH comes first, then what stands for the image.
  const site = siteOf(on.release);
  if (site !== undefined && env['PYTHONPATH'] !== site) env['PYTHONPATH'] = `${env['PYTHONPATH']}:${site}`;
  const command = [...(container.command ?? []), ...(container.args ?? [])].map(pod.place);
  const directory = pod.place(container.workingDir ?? '/');
  const running = on.isolated
    ? startIsolated(on, pod, container, message, { env, command, directory })
    : startInPlace(pod, container, { env: { ...env, TERMINATION_LOG: message }, command, directory });
  return { ...running, message: () => readFileSync(message, 'utf8') };
}

interface Program {
  readonly env: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly directory: string;
}

function startIsolated(on: Machine, pod: PodFolder, container: Container, message: string, program: Program): Running {
  const root = join(pod.folder, `root-${container.name}`);
  const list = join(pod.folder, `mounts-${container.name}`);
  mkdirSync(root, { recursive: true });
  const mounts = (container.volumeMounts ?? []).map((mount) => {
    const { path, size, readOnly } = sourceOf(pod, mount);
    return [path, mount.mountPath, size ?? (mount.readOnly || readOnly ? 'ro' : 'rw')];
  });
  const image = [VENV, siteOf(on.release), pythonFolder()].filter((path) => path !== undefined);
  const outside = image.filter((path) => !path.startsWith('/usr/')).map((path) => [path, path, 'ro']);
  // The image's folders come last: they may lie inside /tmp, where the pod mounts a volume.
  const log = [message, container.terminationMessagePath ?? '/dev/termination-log', 'rw'];
  const all = [log, ...mounts, ...outside];
  writeFileSync(list, all.map((mount) => `${mount.join('\t')}\n`).join(''));
  const { runAsUser, runAsGroup, fsGroup } = pod.spec.securityContext ?? {};
  return start('unshare', [
    ...NAMESPACES,
    join(__dirname, 'pod.sh'),
    ...[root, list, String(runAsUser ?? 0), String(runAsGroup ?? 0), String(fsGroup ?? 0), program.directory],
    '-i',
    ...Object.entries(program.env).map(([name, value]) => `${name}=${value}`),
    ...program.command,
  ]);
}

/** The folder of the interpreter that the virtual environment was made with. */
function pythonFolder(): string {
  const code = 'import sys; print(sys.base_prefix)';
  return spawnSync(join(VENV, 'bin', 'python'), ['-I', '-c', code], { encoding: 'utf8' }).stdout.trim();
}

function startInPlace(pod: PodFolder, container: Container, program: Program): Running {
  for (const mount of container.volumeMounts ?? []) {
    const link = pod.place(mount.mountPath);
    if (link === mount.mountPath) continue;
    mkdirSync(dirname(link), { recursive: true });
    if (!readdirSync(dirname(link)).includes(link.slice(dirname(link).length + 1)))
      symlinkSync(sourceOf(pod, mount).path, link);
  }
  return start('env', [`--chdir=${program.directory}`, ...program.command], { ...program.env });
}

function sourceOf(pod: PodFolder, mount: VolumeMount): { path: string; size?: string; readOnly?: boolean } {
  const volume = pod.volumes.get(mount.name);
  if (volume === undefined) throw new Error(`${mount.mountPath} mounts the volume ${mount.name}, and there is none`);
  return mount.subPath === undefined ? volume : { ...volume, path: join(volume.path, mount.subPath) };
}

/** Puts `root` before each path that is mounted or inside a mount; the machine's own /dev/shm serves as it is. */
function rewriting(root: string, mounts: readonly VolumeMount[]): (text: string) => string {
  const paths = [...new Set(mounts.map((mount) => mount.mountPath))].filter((path) => path !== '/dev/shm');
  const longestFirst = paths.sort((a, b) => b.length - a.length).map((path) => path.replace(/[.+]/g, '\\$&'));
  const pattern = new RegExp(`(?<![\\w./-])(${longestFirst.join('|')})(?![\\w.-])`, 'g');
  return (text) => text.replace(pattern, `${root}$1`);
}
