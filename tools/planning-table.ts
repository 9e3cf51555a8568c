/** Writes the table of predicted against measured memory into docs/planning.md: `npx tsx tools/planning-table.ts`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostNeeds } from '../src/planning/host';
import { scheduleOf } from '../src/planning/schedule';
import { type Measurement, measurements, predict, runOf } from './measured-runs';

const START = '<!-- table: written by tools/planning-table.ts -->';
const END = '<!-- end of table -->';
const HEADER =
  '| model | strategy | bits | batch x tokens | rank | other | attention | measured GB | predicted GB | off by | reserved, measured | reserved, predicted | host, measured | host, predicted |';

const gigabytes = (bytes: number | undefined) => (bytes === undefined ? '' : (bytes / 1e9).toFixed(2));

function others(m: Measurement): string {
  return [
    m.world_size > 1 ? `rank ${m.rank} of ${m.world_size}` : '',
    m.use_dora === true ? 'DoRA' : '',
    m.padded === true ? 'half padded' : '',
    m.gradient_checkpointing ? '' : 'no checkpointing',
    m.liger_kernel ? 'liger' : '',
    m.per_device_eval_batch_size === undefined ? '' : `evaluates ${m.per_device_eval_batch_size}`,
    m.cap_gib ? `cap ${m.cap_gib} GiB` : '',
    m.outcome === undefined || m.outcome === 'trains' ? '' : m.outcome,
  ]
    .filter((text) => text !== '')
    .join(', ');
}

function row(m: Measurement): string {
  const planned = predict(m);
  const run = runOf(m);
  const host = run.model === undefined ? undefined : hostNeeds(run, run.model, scheduleOf(run)).perRankBytes;
  const peak = Math.max(planned.stepAllocatedBytes, planned.evaluationAllocatedBytes);
  const died = m.outcome !== undefined && m.outcome !== 'trains';
  const error = `${(100 * (peak / m.peak_allocated_bytes - 1)).toFixed(1)} %`;
  const fixed = m.expandable_segments !== true;
  const cells = [
    m.model,
    m.strategy,
    m.quantization_bit ?? 4,
    `${m.per_device_train_batch_size} x ${m.sequence_tokens}`,
    m.lora_rank,
    others(m),
    m.attention.includes('with the flash') ? 'flash' : 'as on Turing',
    died ? `${gigabytes(m.peak_allocated_bytes)} so far` : gigabytes(m.peak_allocated_bytes),
    gigabytes(peak),
    died ? '' : error,
    gigabytes(m.peak_reserved_bytes),
    gigabytes(fixed ? planned.stepReservedFixedSegmentsBytes : planned.stepReservedBytes),
    gigabytes(m.host_used_bytes),
    m.host_used_bytes === undefined ? '' : gigabytes(host),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** The table in Markdown. */
export function table(): string {
  const files = ['peaks.jsonl', 'unseen-points.jsonl', 'whole-runs.jsonl', 'several-ranks.jsonl'];
  const rows = files.flatMap(measurements).map(row);
  return [HEADER, HEADER.replace(/[^|]+/g, '---'), ...rows].join('\n');
}

/** The page with its table written again. */
export function withTable(page: string): string {
  const [before, rest] = page.split(START);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error('docs/planning.md lacks the marks of the table');
  return `${before}${START}\n\n${table()}\n\n${END}${after}`;
}

if (require.main === module) {
  const path = join(__dirname, '..', 'docs', 'planning.md');
  writeFileSync(path, withTable(readFileSync(path, 'utf8')));
}
