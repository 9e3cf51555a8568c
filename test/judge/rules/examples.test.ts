import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY, runProgram, temporaryFolder } from '../../folder';

const EXAMPLES = join(REPOSITORY, 'examples');
const folder = temporaryFolder();

test.each(readdirSync(EXAMPLES))(
  'the example %s has no error and no warning',
  (name) => {
    const program = join(EXAMPLES, name, 'main.ts');
    expect(runProgram(program, { cwd: REPOSITORY, outdir: join(folder, name) })).toMatchObject({
      status: 0,
      stdout: '',
      stderr: '',
    });
  },
  60_000,
);
