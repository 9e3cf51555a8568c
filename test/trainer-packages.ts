import { homedir } from 'node:os';
import { join } from 'node:path';

/** Installs the two folders below, where they are missing. */
export const INSTALL = join(__dirname, 'parity', 'install.sh');

const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'cdk8s-llamafactory');

/** The virtual environment with LLaMA-Factory 0.9.5. */
export const VENV = process.env['LF_ORACLE_VENV'] ?? join(CACHE, 'venv');

/** Where older releases lie, each in a folder that goes before the virtual environment's own packages. */
export const SITE = process.env['LF_ORACLE_SITE'] ?? join(CACHE, 'site');
