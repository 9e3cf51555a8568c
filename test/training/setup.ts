import { spawnSync } from 'node:child_process';
import { INSTALL } from '../trainer-packages';
import { releases } from './environment';

/** Installs the trainer of each release to be tried, where it isn't there already. */
export default function setup(): void {
  const { status } = spawnSync('bash', [INSTALL, ...releases()], { stdio: 'inherit' });
  if (status !== 0)
    throw new Error(`install.sh ended with ${status}: it needs Python 3.11 with venv, g++ and 8 GB of disk`);
}
