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

function fold(name: string): string {
  return name.toLowerCase().replace(/[-_ ]/g, '');
}
