import { script } from './cluster';

/** Stops the control plane if the setup started it. */
export default function teardown(): void {
  if (process.env.CLUSTER_TEST_STARTED === 'yes') script('down.sh');
}
