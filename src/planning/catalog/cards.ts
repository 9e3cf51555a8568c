import type { Card } from '../../run/card';

const MIB = 2 ** 20;

/** Name, NVML total in MiB, compute capability, GB/s, fp16 TFLOPS, NVML names. */
function card(
  name: string,
  mebibytes: number,
  computeCapability: number,
  gigabytesPerSecond: number,
  teraflops: number,
  nvmlNames: readonly string[],
): Card {
  return {
    name,
    memoryBytes: mebibytes * MIB,
    computeCapability,
    bandwidthBytesPerSecond: gigabytesPerSecond * 1e9,
    fp16FlopsPerSecond: teraflops * 1e12,
    products: nvmlNames.map((nvml) => nvml.replace(/[^A-Za-z0-9\-_. ]/g, '').replaceAll(' ', '-')),
  };
}

/**
 * The cards of the catalogue by name. Memory is what nvidia-smi shows (with ECC on where the card ships so; the
 * smaller figure where drivers differ); bandwidth and throughput are the datasheets' (the slower board where one name
 * covers several). The T10 has no datasheet: 384 tensor cores at 1395 MHz, 12.6 Gbit/s on 256 bits.
 */
export const CARDS: Readonly<Record<string, Card>> = Object.fromEntries(
  [
    card('T10', 16384, 7.5, 403, 68, ['Tesla T10']),
    card('T4', 15360, 7.5, 320, 65, ['Tesla T4']),
    card('V100-16GB', 16160, 7.0, 900, 112, ['Tesla V100-SXM2-16GB', 'Tesla V100-PCIE-16GB', 'Tesla V100-FHHL-16GB']),
    card('V100-32GB', 32510, 7.0, 900, 112, [
      'Tesla V100-SXM2-32GB',
      'Tesla V100-PCIE-32GB',
      'Tesla V100-SXM3-32GB',
      'Tesla V100S-PCIE-32GB',
    ]),
    card('A10', 23028, 8.6, 600, 125, ['NVIDIA A10']),
    card('L20', 46068, 8.9, 864, 119.5, ['NVIDIA L20']),
    card('A100-40GB', 40960, 8.0, 1555, 312, ['NVIDIA A100-SXM4-40GB', 'NVIDIA A100-PCIE-40GB']),
    card('A100-80GB', 81920, 8.0, 1935, 312, ['NVIDIA A100-SXM4-80GB', 'NVIDIA A100 80GB PCIe']),
    card('H20', 97871, 9.0, 4000, 148, ['NVIDIA H20']),
    card('H100', 81559, 9.0, 2039, 756, ['NVIDIA H100 80GB HBM3', 'NVIDIA H100 PCIe']),
    card('H200', 143771, 9.0, 4800, 989, ['NVIDIA H200']),
    card('RTX-4090', 24564, 8.9, 1008, 165, ['NVIDIA GeForce RTX 4090']),
  ].map((entry) => [entry.name, entry]),
);
