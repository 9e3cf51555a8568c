import { faultOfHub } from './hubs';
import { faultOfProps } from './props';

/** Hubs that lie at once: prepare.py waits more than it works. */
const AT_ONCE = 6;

/** Gives props of wrong kinds to every construct, and has hubs lie to prepare.py; the number of faults. */
export async function hostile(seed: number, props: number, lies: number): Promise<number> {
  const faults: string[] = [];
  const found = (fault: string | undefined) => {
    if (fault === undefined) return;
    faults.push(fault);
    console.log(fault);
  };
  for (let i = 0; i < props; i++) found(quietly(() => faultOfProps(seed, i)));
  let next = 0;
  const liar = async () => {
    while (next < lies) found(await faultOfHub(seed, next++));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, liar));
  console.log(`${props} props and ${lies} lies of seed ${seed}: ${faults.length} faults`);
  return faults.length;
}

/** Constructs print their warnings. */
function quietly<T>(work: () => T): T {
  const { write } = process.stderr;
  process.stderr.write = () => true;
  try {
    return work();
  } finally {
    process.stderr.write = write;
  }
}
