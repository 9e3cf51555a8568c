import { kubectl, script } from './cluster';

/** Builds and starts the control plane, unless it is up. */
export default function setup(): void {
  if (kubectl(['get', '--raw', '/readyz']).status === 0) return;
  script('down.sh');
  script('build.sh');
  // So that the teardown stops what this run started, and nothing that was up before it.
  process.env.CLUSTER_TEST_STARTED = 'yes';
  try {
    script('up.sh');
  } catch (error) {
    script('down.sh', '--keep');
    throw error;
  }
}
