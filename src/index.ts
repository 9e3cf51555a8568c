export { Adapter, type AdapterClaimProps, type AdapterSourceProps } from './adapter';
export { CaBundle } from './ca-bundle';
export { CpuPool, type CpuPoolOptions } from './cpu-pool';
export {
  type DatasetClaimProps,
  type DatasetColumns,
  type DatasetDirectoryProps,
  type DatasetFileProps,
  DatasetFormat,
  type DatasetProps,
  type DatasetSourceProps,
  type DatasetTags,
  DatasetVolume,
} from './dataset-volume';
export type { DeepSpeedFp16, DeepSpeedZero3Props } from './deepspeed/zero3-props';
export { DeepSpeedZero3 } from './deepspeed-zero3';
export type { DeviceClaim } from './device-claim';
export { type DnsPods, DnsServer } from './dns-server';
export { FineTuningJob } from './fine-tuning-job';
export type { FineTuningJobProps, RunProps } from './fine-tuning-job-props';
export { Gate } from './gate';
export { type CustomGpu, Gpu } from './gpu';
export type { TrainArguments } from './llamafactory/train-arguments';
export { type CustomModel, Model } from './model';
export {
  type ExistingModelCacheProps,
  ModelCache,
  type ModelCacheProps,
  type NodeModelCacheProps,
} from './model-cache';
export {
  NetworkAccess,
  type NetworkDestination,
  type NetworkOptions,
  type ProxyServer,
  type RestrictedNetworkOptions,
} from './network-access';
export { NodePool, type NodePoolOptions } from './node-pool';
export { Strategy } from './planning/strategy';
export type { CpuPodProps, PodProps } from './pod-props';
export { QwenModel } from './qwen-model';
export { QwenQLoRAJob, type QwenQLoRAJobProps } from './qwen-qlora-job';
export { type Edit, EditOperation } from './run/finding';
export type {
  RunAdvice,
  RunBounds,
  RunGpuMemory,
  RunHostMemory,
  RunMemory,
  RunPlan,
  RunSchedule,
  RunSpeed,
  RunThroughput,
} from './run-plan';
export { type ExistingSavesProps, SavesVolume, type SavesVolumeProps } from './saves-volume';
export { type HttpOptions, type HubOptions, Source } from './source';
export { Manifests, synth } from './synth';
export { TrainConfig } from './train-config';
export { type OfficialImageOptions, TrainerImage, type TrainerImageContents } from './trainer-image';
