import { writeFileSync } from 'node:fs';
import { CPU_TRAININGS, type CpuTraining, cpuTrainings } from '../../tools/evidence';

/** With RECORD=1 in the environment: writes a run's line in place of the earlier one of that release and size. */
export function record(line: CpuTraining): void {
  if (process.env['RECORD'] !== '1') return;
  const key = ({ release, processes }: CpuTraining) => `${release} ${processes}`;
  const others = cpuTrainings().filter((other) => key(other) !== key(line));
  const lines = [...others, line].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  writeFileSync(CPU_TRAININGS, lines.map((each) => `${JSON.stringify(each)}\n`).join(''));
}
