import type { Chart } from 'cdk8s';
import { runtimeFile } from '../kubernetes/runtime-file';
import { renderTrainConfig } from '../llamafactory/render-train-config';
import { contentConfigMap } from '../tree/content-config-map';
import type { ResolvedRun } from './resolve';

/** What the run's own ConfigMap holds. */
export function configFiles({ run, written, datasets, settled, smokeRun }: ResolvedRun): Record<string, string> {
  const info = Object.fromEntries(datasets.map(({ name, entry }) => [name, entry]));
  const { chosen } = settled;
  const reasons = chosen === undefined ? undefined : { per_device_train_batch_size: chosen };
  return {
    'train_config.yaml': renderTrainConfig(run.args, run.release, { written, reasons }),
    'dataset_info.json': `${JSON.stringify(info, null, 2)}\n`,
    ...(smokeRun === undefined
      ? {}
      : { 'smoke_config.yaml': renderTrainConfig(smokeRun.args, smokeRun.release, { written }) }),
  };
}

const LAUNCH_FILES = [
  'launch.sh',
  'diagnose.py',
  'exit-codes.json',
  'lease.py',
  'longest-samples.py',
  'output.py',
  'preflight.py',
  'wait-for.sh',
  'watch.py',
];
const launchConfigMaps = new WeakMap<Chart, string>();

/** The ConfigMap with launch.sh and what it needs: one for all runs of a chart. */
export function launchFiles(chart: Chart): string {
  let name = launchConfigMaps.get(chart);
  if (name === undefined) {
    const files = Object.fromEntries(LAUNCH_FILES.map((file) => [file, runtimeFile(file)]));
    name = contentConfigMap(chart, 'cdk8s-llamafactory-launch', files, 'launch').name;
    launchConfigMaps.set(chart, name);
  }
  return name;
}
