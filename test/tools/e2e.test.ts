import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY, temporaryFolder, write } from '../folder';

const folder = temporaryFolder();

/** How many ranks torchrun was told to start for each run. */
function ranksOf(...runs: string[]): string[] {
  write(folder, { 'm14B/config.json': '{}', 'bin/torchrun': '#!/bin/sh\necho "$2" >> "$OUT/ranks"\n' });
  const started = spawnSync(
    'sh',
    ['-c', 'chmod +x bin/torchrun && : > ranks && exec bash "$E2E" 14B "$@"', 'sh', ...runs],
    {
      cwd: folder,
      encoding: 'utf8',
      env: {
        PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
        TMPDIR: folder,
        OUT: folder,
        E2E: join(REPOSITORY, 'tools/gpu/e2e.sh'),
      },
    },
  );
  if (started.status !== 0) throw new Error(started.stderr);
  return readFileSync(join(folder, 'ranks'), 'utf8').trim().split('\n');
}

test('the name of a measured run says how many ranks it has, also behind a digit', () => {
  const names = ['ddp', 'ddpx2@15.2', 'z3x4@15.2', 'z2x2', 'z3-x8'];
  expect(ranksOf(...names.map((name) => `${name}={}`))).toEqual(['1', '2', '4', '2', '8']);
});
