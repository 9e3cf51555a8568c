import type { Construct } from 'constructs';
import type { JobManifest } from '../kubernetes/job';
import { reportNamed } from './findings';
import { NamedObject } from './outside-patches';

/** Makes a Job, whose name follows from its pod: a later change of the pod is found at synth. */
export function makeJob(scope: Construct, id: string, manifest: JobManifest): NamedObject {
  const object = new NamedObject(scope, id, manifest);
  reportNamed({ object, part: 'spec.template', content: manifest.spec.template });
  return object;
}
