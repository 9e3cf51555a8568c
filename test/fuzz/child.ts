// Judges the inputs from one number to another: `child.ts SEED FROM TO FOLDER`. Before each its number goes to
// descriptor 3, at once, so that whoever watches knows which one hangs; faults go to stdout, a line each.
import { writeSync } from 'node:fs';
import { inputAt } from './inputs';
import { faultOf } from './judge';

const [seed = 0, from = 0, to = 0] = process.argv.slice(2, 5).map(Number);
const folder = process.argv[5] ?? '';
for (let i = from; i < to; i++) {
  const input = inputAt(seed, i);
  writeSync(3, `${i}\n`);
  const fault = faultOf(input, folder);
  if (fault !== undefined) writeSync(1, `${JSON.stringify({ i, kind: input.kind, fault })}\n`);
}
