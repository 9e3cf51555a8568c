import { CARDS } from '../planning/catalog/cards';
import type { Card } from '../run/card';
import { nearest } from '../run/nearest';

/** The card of the catalogue that is meant, by its name or its node label; else what to say. */
export function cardNamed(name: string): Card | { readonly fault: string } {
  const wanted = fold(name);
  const cards = Object.values(CARDS);
  const found = cards.find((card) => [card.name, ...card.products].some((known) => fold(known) === wanted));
  if (found !== undefined) return found;
  const names = cards.map((card) => card.name);
  const sizes = names.filter((known) => fold(known).startsWith(wanted) && wanted !== '');
  if (sizes.length > 0) return { fault: `the card ${name} comes in several sizes: ${sizes.join(', ')}` };
  const meant = nearest(name, names);
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  return { fault: `the catalogue has no card ${name}${hint} (it has ${names.join(', ')})` };
}

/** What a command line says of a card that the catalogue may not have. */
export interface DescribedCard {
  readonly gpuMemory: NamedAmount;
  readonly computeCapability: number;
  /** GB a second; undefined: not known, nor is how long a run takes. */
  readonly gpuBandwidth?: number;
  /** TFLOP a second, dense fp16; undefined: not known, nor is how long a run takes. */
  readonly gpuTflops?: number;
}

/** A number of bytes, and how it was written. */
export interface NamedAmount {
  readonly bytes: number;
  readonly text: string;
}

/** The card that is described; it goes by its memory. */
export function describedCard({ gpuMemory, computeCapability, gpuBandwidth, gpuTflops }: DescribedCard): Card {
  return {
    name: `${gpuMemory.text} GPU`,
    memoryBytes: gpuMemory.bytes,
    computeCapability,
    bandwidthBytesPerSecond: (gpuBandwidth ?? 0) * 1e9,
    fp16FlopsPerSecond: (gpuTflops ?? 0) * 1e12,
    products: [],
  };
}

const UNITS: Readonly<Record<string, number>> = { Mi: 2 ** 20, Gi: 2 ** 30, M: 1e6, G: 1e9 };

/** A card's memory with its unit, `16Gi` or `15360Mi`, also with a B behind it; undefined: it is none. */
export function memoryAmount(text: string): NamedAmount | undefined {
  const [, number, unit = ''] = /^(\d{1,7}(?:\.\d{1,3})?) ?([MG]i?)B?$/.exec(text) ?? [];
  const bytes = Number(number) * (UNITS[unit] ?? Number.NaN);
  // Less is no card, and more is a slip of the unit.
  return bytes >= 2 ** 30 && bytes <= 2 ** 40 ? { bytes: Math.floor(bytes), text: `${number}${unit}` } : undefined;
}

/** A compute capability, major and minor: `8.9`; undefined: it is none. */
export function computeCapability(text: string): number | undefined {
  return /^[1-9]\d?\.\d$/.test(text) ? Number(text) : undefined;
}

function fold(name: string): string {
  return name.toLowerCase().replace(/[-_ ]/g, '');
}
