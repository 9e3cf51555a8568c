import { Size } from 'cdk8s';
import type { Problem } from '../run/finding';
import { bytesOf } from './quantity';

/** What is planned to stand on a claim, in bytes by name: what runs share has one name and counts once. */
export type PlannedSpace = Map<string, number>;

/** A claim can't shrink and seldom grow, so its size takes few steps: a run that changes a little leaves it. */
const SPARE = 1.5;

/**
 * The size of a claim for which none is given: doubled until it holds one and a half times what is planned.
 *
 * @param smallest in GiB
 */
export function plannedSize(planned: PlannedSpace, smallest: number): Size {
  const needed = (SPARE * sumOf(planned)) / 2 ** 30;
  let size = smallest;
  while (size < needed) size *= 2;
  return Size.gibibytes(size);
}

/** What is wrong with a claim that is smaller than what is planned to stand on it; its message ends in the sum. */
export function tooSmall(
  planned: PlannedSpace,
  size: Size | undefined,
  problem: Pick<Problem, 'id' | 'message' | 'change'>,
): Problem[] {
  const all = sumOf(planned);
  if (size === undefined || all <= bytesOf(size)) return [];
  const sum = [...planned].map(([name, bytes]) => `${name} ${gibibytes(bytes)}`).join(' + ');
  return [
    {
      ...problem,
      key: 'size',
      message: `${problem.message}: ${sum} GiB`,
      got: `${gibibytes(bytesOf(size))} GiB`,
      allowed: `at least ${gibibytes(all)} GiB`,
      source: 'docs/planning.md: host, disk',
    },
  ];
}

function sumOf(planned: PlannedSpace): number {
  return [...planned.values()].reduce((sum, bytes) => sum + bytes, 0);
}

function gibibytes(bytes: number): string {
  return (Math.ceil((10 * bytes) / 2 ** 30) / 10).toFixed(1);
}
