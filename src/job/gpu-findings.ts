import type { GpuRequest } from '../kubernetes/gpu-request';
import { gpuRequestOf } from '../kubernetes/scheduling';
import { type Finding, Severity } from '../run/finding';
import type { ResolvedRun } from './resolve';

const MIG_GUIDE = 'NVIDIA Multi-Instance GPU User Guide: Application Considerations';
const PLUGIN = 'NVIDIA k8s-device-plugin README.md: Shared Access to GPUs';
const GiB = 2 ** 30;

/** What the cards that a run asks for can't do, or can't promise. */
export function gpuFindings(resolved: ResolvedRun): Finding[] {
  const request = gpuRequestOf(resolved.nodes.scheduling);
  return [
    ...partsTogether(resolved, request),
    ...sharedMemory(resolved, request),
    ...largerCard(resolved, request),
    ...otherMaker(resolved, request),
  ];
}

/** CUDA shows a process one MIG slice at most, and two shares may be of one card, which NCCL refuses. */
function partsTogether({ path, run }: ResolvedRun, { part }: GpuRequest): Finding[] {
  const ranks = run.gpus * run.nodes;
  if (part === 'whole' || ranks === 1) return [];
  const slices = part === 'slice';
  return [
    {
      id: 'gpu-parts-together',
      severity: Severity.ERROR,
      path,
      key: 'gpus',
      message: slices
        ? 'MIG slices have no way to each other, and CUDA shows a process one of them: NCCL has no second rank to talk to'
        : 'two shares can be of one card, and NCCL refuses two ranks on one card: "Duplicate GPU detected"',
      got: `${ranks} ${slices ? 'slices' : 'shares'}`,
      allowed: '1',
      change: 'set gpus: 1 and take a larger slice, or take whole cards',
      source: slices ? MIG_GUIDE : PLUGIN,
    },
  ];
}

function sharedMemory({ path, nodes }: ResolvedRun, { part, resource }: GpuRequest): Finding[] {
  if (part !== 'share') return [];
  return [
    {
      id: 'gpu-shared',
      severity: Severity.WARNING,
      path,
      key: 'nodePool.resource',
      message: `a share of a card has no memory of its own: what other pods take of the ${nodes.card.name} is missing, whatever the plan says, and it is slower by their part`,
      got: resource,
      allowed: 'whole cards, or MIG slices, which keep their memory apart',
      change: 'take those, or acknowledge it where nobody else is on the card while it trains',
      source: PLUGIN,
    },
  ];
}

/** The plan reckons with the card that the pool was given, and the pod gets what the resource is. */
function largerCard({ path, nodes }: ResolvedRun, { claim, profile }: GpuRequest): Finding[] {
  const { card } = nodes;
  const ofLabel = card.products.map((product) => product.split('-MIG-')[1]);
  const [, gigabytes] = /(\d{1,4})gb/.exec([profile, ...ofLabel].join(' ')) ?? [];
  const has = gigabytes === undefined ? claim?.memoryBytes : Number(gigabytes) * GiB;
  // Drivers keep a little for themselves, and names round up.
  if (has === undefined || card.memoryBytes <= 1.02 * has) return [];
  return [
    {
      id: 'gpu-smaller-than-planned',
      severity: Severity.ERROR,
      path,
      key: 'nodePool',
      message: 'the run is planned for a card with more memory than what it asks for needs to have',
      got: `${card.name}, ${(card.memoryBytes / GiB).toFixed(1)} GiB`,
      allowed: `at most ${(has / GiB).toFixed(1)} GiB`,
      change:
        gigabytes === undefined
          ? "set deviceClaim.memory to the card's, or give the pool the smaller card"
          : "give the pool what one slice is: Gpu.custom({ name: '…', memory: Size.mebibytes(…), … }), memory as nvidia-smi shows it",
    },
  ];
}

/** CUDA's torch sees no AMD card, and ROCm's none of NVIDIA's. */
function otherMaker(resolved: ResolvedRun, { vendor }: GpuRequest): Finding[] {
  const { path, image, requirements, gpuMonitorSeconds } = resolved;
  const { rocm } = image.contents;
  const wrong = (key: string, message: string, got: string, change: string): Finding => ({
    id: 'gpu-maker',
    severity: Severity.ERROR,
    path,
    key,
    message,
    got,
    change,
  });
  if (vendor === 'nvidia') {
    const message = "the image's torch is built for ROCm, and the pool's cards are NVIDIA's";
    return rocm === undefined ? [] : [wrong('image', message, image.reference, 'take an image for CUDA')];
  }
  return [
    ...(rocm === undefined
      ? [
          wrong(
            'image',
            "the image's torch is built for CUDA, and sees none of the pool's AMD cards",
            image.reference,
            "take an image for ROCm, and say so: TrainerImage.custom('…', { rocm: '6.4' })",
          ),
        ]
      : []),
    ...(requirements === undefined
      ? []
      : [
          wrong(
            'image',
            'the bitsandbytes that the prepare Job installs is built for CUDA',
            'no bitsandbytes in the image',
            "take an image that has one for ROCm, and name its version: TrainerImage.custom('…', { bitsandbytes: '…' })",
          ),
        ]),
    ...(gpuMonitorSeconds === undefined
      ? []
      : [wrong('gpuMonitor', 'the monitor asks nvidia-smi, which knows no AMD card', 'gpuMonitor', 'take it out')]),
    {
      id: 'rocm-unproven',
      severity: Severity.WARNING,
      path,
      key: 'nodePool',
      message:
        'nothing here was tried on AMD cards: memory and speed are planned as for NVIDIA, and a user other than root needs the group that owns /dev/kfd on the node',
      got: resolved.nodes.card.name,
      change:
        'smoke: true shows whether it fits; podTemplate: { spec: { securityContext: { supplementalGroups: [the group of /dev/kfd] } } }; then acknowledge it',
    },
  ];
}
