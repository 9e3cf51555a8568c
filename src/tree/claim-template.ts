import type { Construct } from 'constructs';
import { digest } from '../run/digest';
import { constructName } from './construct-name';
import { reportNamed } from './findings';
import { labelsOf } from './labels';
import { NamedObject } from './outside-patches';

/** Makes a ResourceClaimTemplate, whose name follows from its `spec`, which can't change; and gives that name. */
export function makeClaimTemplate(owner: Construct, id: string, spec: object): string {
  const name = constructName(owner, { parts: ['gpus'], suffix: digest(spec) });
  const object = new NamedObject(owner, id, {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceClaimTemplate',
    metadata: { name, labels: labelsOf(owner) },
    spec,
  });
  reportNamed({ object, part: 'spec', content: spec });
  return name;
}
