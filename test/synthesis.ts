import { join } from 'node:path';
import { App, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import type { Job } from 'kubernetes-types/batch/v1';
import type { ConfigMap, Container, PersistentVolume, PersistentVolumeClaim } from 'kubernetes-types/core/v1';
import type { ObjectMeta } from 'kubernetes-types/meta/v1';
import { parse } from 'yaml';
import { type DatasetFileProps, DatasetFormat, DatasetVolume, QwenQLoRAJob, type QwenQLoRAJobProps } from '../src';
import type { Finding } from '../src/run/finding';
import type { Mapping } from '../src/run/run';
import { findingsOf } from '../src/tree/findings';

/** Two samples in OpenAI's format. */
export const MATH = join(__dirname, 'fixtures', 'math.json');

/** A chart `finetune` in the namespace `ml`. */
export function chartOf(props: { namespace?: string; id?: string } = {}): { app: App; chart: Chart } {
  const app = new App();
  const chart = new Chart(app, props.id ?? 'finetune', { namespace: 'namespace' in props ? props.namespace : 'ml' });
  return { app, chart };
}

/** The two samples as a data set `math_train`. */
export function mathDataset(scope: Construct, props: Partial<DatasetFileProps> = {}, id = 'math-train'): DatasetVolume {
  return DatasetVolume.fromFile(scope, id, {
    path: MATH,
    name: 'math_train',
    formatting: DatasetFormat.SHAREGPT,
    ...props,
  });
}

/** A run of the preset on the two samples, with nothing else said. */
export function mathRun(scope: Construct, props: Partial<QwenQLoRAJobProps> = {}, id = 'math'): QwenQLoRAJob {
  return new QwenQLoRAJob(scope, id, { dataset: props.dataset ?? mathDataset(scope), ...props });
}

/** The manifests of one chart's file, by kind. */
export interface Manifests {
  readonly all: ReadonlyArray<{
    readonly kind: string;
    readonly metadata: ObjectMeta;
    readonly data?: Readonly<Record<string, string>>;
  }>;
  readonly jobs: readonly Job[];
  readonly configMaps: readonly ConfigMap[];
  readonly claims: readonly PersistentVolumeClaim[];
  readonly volumes: readonly PersistentVolume[];
}

/** All manifests of an app, those of the storage charts included; what it prints about the run is kept back. */
export function manifestsOf(app: App): Manifests {
  const printed = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    return byKind(app.charts.flatMap((chart) => chart.toJson()));
  } finally {
    printed.mockRestore();
  }
}

/** The manifests among parsed YAML documents. */
export function byKind(all: Manifests['all']): Manifests {
  const ofKind = <T>(kind: string): T[] => all.filter((object) => object.kind === kind) as T[];
  return {
    all,
    jobs: ofKind('Job'),
    configMaps: ofKind('ConfigMap'),
    claims: ofKind('PersistentVolumeClaim'),
    volumes: ofKind('PersistentVolume'),
  };
}

/** The one Job of a component: `train` or `prepare`. */
export function jobOf({ jobs }: Manifests, component: string): Job {
  return only(jobs.filter((job) => job.metadata?.labels?.['app.kubernetes.io/component'] === component));
}

/** The one ConfigMap that has a key. */
export function configMapWith({ configMaps }: Manifests, key: string): ConfigMap {
  return only(configMaps.filter(({ data }) => data !== undefined && key in data));
}

/** What the trainer reads. */
export function trainConfigOf(manifests: Manifests): Mapping {
  return parse(configMapWith(manifests, 'train_config.yaml').data?.['train_config.yaml'] ?? '', { version: '1.1' });
}

/** The DeepSpeed config. */
export function deepspeedOf(manifests: Manifests): Mapping {
  return JSON.parse(configMapWith(manifests, 'ds_config_zero3.json').data?.['ds_config_zero3.json'] ?? '');
}

/** The one entry of dataset_info.json of that name. */
export function datasetEntryOf(manifests: Manifests, name = 'math_train'): Mapping {
  return JSON.parse(configMapWith(manifests, 'train_config.yaml').data?.['dataset_info.json'] ?? '')[name];
}

/** The container of a Job's pod. */
export function containerOf(job: Job): Container {
  return only(job.spec?.template.spec?.containers ?? []);
}

/** The environment of a container, where values are plain. */
export function envOf(container: Container): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value]));
}

/** The findings of a tree with one id. */
export function findingsWith(root: Construct, id: string): Finding[] {
  return findingsOf(root).filter((finding) => finding.id === id);
}

/** The only element of a list. */
export function only<T>(list: readonly T[]): T {
  const [first, ...others] = list;
  if (first === undefined || others.length > 0) throw new Error(`one was expected, there are ${list.length}`);
  return first;
}
