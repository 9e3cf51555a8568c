import type { FindingId } from '../run/finding-ids';

/** What stops the reading of a YAML text. No Error: nobody looks at its stack, and to record one costs more than a check. */
export class Refusal {
  constructor(
    readonly id: FindingId,
    readonly text: string,
    readonly offset = 0,
    readonly key = '',
  ) {}
}

/** Where the nesting is the reason. */
export function tooDeep(): Refusal {
  return new Refusal('yaml-nesting', 'it is nested too deeply to be read');
}
