import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Release } from '../../src/run/releases';
import { jobOf } from '../synthesis';
import { claimFolder, type Machine, machine } from './pod';
import { MODELS, type Synthesised } from './run';

/** Where a run has installed packages already. */
export interface Installed {
  readonly from: Machine;
  readonly claimName: string;
}

/** A machine whose claims hold the model, and the packages where a run has installed them already. */
export function machineFor(folder: string, release: Release, model: string, packages?: Installed): Machine {
  const made = machine(folder, release);
  cpSync(model, join(claimFolder(made, MODELS.claimName), MODELS.modelPath), { recursive: true });
  if (packages !== undefined) {
    const { claimName, from } = packages;
    const [source, target] = [from, made].map((on) => join(claimFolder(on, claimName), '.packages'));
    if (source !== undefined && target !== undefined && existsSync(source)) cpSync(source, target, { recursive: true });
  }
  return made;
}

/** The output directory of a run, as this machine sees it. */
export function outputOf(on: Machine, run: Synthesised): string {
  return join(claimFolder(on, run.savesClaimName), run.outputDirectory.replace('/saves/', ''));
}

export const trainJob = (run: Synthesised) => jobOf(run.manifests, 'train');
