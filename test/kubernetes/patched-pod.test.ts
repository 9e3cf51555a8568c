import type { PodTemplateSpec } from 'kubernetes-types/core/v1';
import { patchedPod } from '../../src/kubernetes/patched-pod';
import { type PodInput, podTemplate } from '../../src/kubernetes/pod-template';
import { PATCHABLE_TRAINER } from '../../src/kubernetes/training-pod';
import { Severity } from '../../src/run/finding';
import type { Mapping } from '../../src/run/run';

const GPU = { 'nvidia.com/gpu': '4' };
const TRAINER = {
  name: 'trainer',
  image: 'example/trainer:1',
  command: ['bash', '/opt/launch/launch.sh'],
  env: [],
  mounts: [],
  resources: GPU,
};
const TRAINING: PodInput = {
  labels: { component: 'train' },
  annotations: {},
  scheduling: { products: [], labels: {}, tolerations: [] },
  near: {},
  gpus: 4,
  user: { runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000 },
  initContainers: [],
  container: TRAINER,
  volumes: [],
  imagePullSecrets: [],
  terminationGracePeriodSeconds: 60,
};
const template: PodTemplateSpec = podTemplate(TRAINING);
const patched = (patch: Mapping) => patchedPod('finetune/math', template, patch, PATCHABLE_TRAINER);
const findings = (patch: Mapping) => patched(patch).findings.map(({ severity, key, got }) => [severity, key, got]);
const trainer = (patch: Mapping) => ({ spec: { containers: [{ name: 'trainer', ...patch }] } });
const asked = { limits: { cpu: '100m', memory: '64Mi' } };
const log = { name: 'log', image: 'log:1', resources: asked };

test('a harmless patch is merged without a word', () => {
  expect(findings(trainer({ env: [{ name: 'NCCL_DEBUG', value: 'INFO' }] }))).toEqual([]);
});

test('a native sidecar is added without a word, within what restricted allows', () => {
  const { template: result, findings: found } = patched({
    spec: { initContainers: [{ ...log, restartPolicy: 'Always' }] },
  });
  expect(found).toEqual([]);
  expect(result.spec?.initContainers?.[0]?.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
  });
});

test('a plain container beside the trainer keeps the Job from ending', () => {
  expect(patched({ spec: { containers: [log] } }).findings).toEqual([
    expect.objectContaining({
      severity: Severity.WARNING,
      key: 'podTemplate.spec.containers.log',
      change: expect.stringContaining('restartPolicy: Always'),
    }),
  ]);
});

test.each([{ limits: { 'nvidia.com/gpu': '2' } }, { limits: null }, { limits: { 'nvidia.com/gpu': null } }])(
  'the GPUs must stay: %j',
  (resources) => {
    expect(findings(trainer({ resources }))).toContainEqual([
      Severity.ERROR,
      'podTemplate.spec.containers.trainer.resources.limits',
      resources.limits?.['nvidia.com/gpu'] ?? 'none',
    ]);
  },
);

test.each([
  [undefined, 'no cpu, no memory'],
  [{ requests: { cpu: '100m' } }, 'no memory'],
  [{ limits: { memory: '64Mi' } }, 'no cpu'],
])('a container that is added with %j is one that a quota refuses', (resources, got) => {
  const { findings: found } = patched({ spec: { initContainers: [{ ...log, restartPolicy: 'Always', resources }] } });
  expect(found).toEqual([
    expect.objectContaining({
      id: 'container-without-resources',
      severity: Severity.WARNING,
      key: 'podTemplate.spec.containers.log.resources',
      got,
    }),
  ]);
});

test('GPUs of another container are told', () => {
  expect(
    findings({ spec: { initContainers: [{ ...log, resources: { limits: { ...asked.limits, ...GPU } } }] } }),
  ).toEqual([[Severity.WARNING, 'podTemplate.spec.containers.log.resources', '4']]);
});

test('a pod that restarts cannot be', () => {
  expect(findings({ spec: { restartPolicy: 'OnFailure' } })).toEqual([
    [Severity.ERROR, 'podTemplate.spec.restartPolicy', 'OnFailure'],
  ]);
});

test('a command without launch.sh is told', () => {
  expect(findings(trainer({ command: ['sleep', '1'] }))).toEqual([
    [Severity.WARNING, 'podTemplate.spec.containers.trainer.command', '["sleep","1"]'],
  ]);
});

test('a trainer without a command is told too', () => {
  const [finding] = patched(trainer({ command: null })).findings;
  expect(finding).toMatchObject({
    message: expect.stringContaining('launch.sh is not started'),
    change: expect.stringContaining('/opt/launch/launch.sh'),
  });
});

test('a command around launch.sh is not', () => {
  expect(findings(trainer({ command: ['sh', '-c', '. /env; exec bash /opt/launch/launch.sh'] }))).toEqual([]);
});

test("the library's own labels stay", () => {
  expect(findings({ metadata: { labels: { component: 'other', team: 'a' } } })).toEqual([
    [Severity.ERROR, 'podTemplate.metadata.labels.component', 'other'],
  ]);
  expect(findings({ metadata: { labels: { 'cdk8s-llamafactory/job': 'other' } } })).toEqual([
    [Severity.ERROR, 'podTemplate.metadata.labels.cdk8s-llamafactory/job', 'other'],
  ]);
});

test('fields that a template has not are told', () => {
  expect(findings({ containers: [] })).toEqual([[Severity.ERROR, 'podTemplate.containers', 'containers']]);
});

test('directives of kubectl are told', () => {
  expect(findings({ spec: { volumes: [{ $patch: 'delete', name: 'tmp' }] } })).toContainEqual([
    Severity.ERROR,
    'podTemplate.spec.volumes[0].$patch',
    undefined,
  ]);
});

test.each([
  [{ spec: { hostNetwork: true } }, 'hostNetwork', 'true'],
  [{ spec: { securityContext: { runAsUser: 0 } } }, 'securityContext.runAsUser', '0'],
  [{ spec: { volumes: [{ name: 'x', hostPath: { path: '/' } }] } }, 'volumes.x', '["hostPath"]'],
  [trainer({ securityContext: { privileged: true } }), 'trainer.securityContext.privileged', 'true'],
  [
    trainer({ securityContext: { allowPrivilegeEscalation: true } }),
    'trainer.securityContext.allowPrivilegeEscalation',
    'true',
  ],
  [
    trainer({ securityContext: { capabilities: { add: ['IPC_LOCK'] } } }),
    'trainer.securityContext.capabilities.add',
    '["IPC_LOCK"]',
  ],
  [trainer({ securityContext: { capabilities: { drop: [] } } }), 'trainer.securityContext.capabilities.drop', '[]'],
  [trainer({ securityContext: { runAsNonRoot: false } }), 'trainer.securityContext.runAsNonRoot', 'false'],
  [
    trainer({ securityContext: { seccompProfile: { type: 'Unconfined' } } }),
    'trainer.securityContext.seccompProfile.type',
    '"Unconfined"',
  ],
  [trainer({ ports: [{ containerPort: 1, hostPort: 1 }] }), 'trainer.ports', '[{"containerPort":1,"hostPort":1}]'],
])('what restricted refuses is a warning: %j', (patch, key, got) => {
  expect(findings(patch)).toEqual([[Severity.WARNING, `podTemplate.spec.${key}`, got]]);
});

test('what restricted refuses is said in words', () => {
  const [finding] = patched({ spec: { hostNetwork: true } }).findings;
  expect(finding).toMatchObject({ message: expect.stringContaining('restricted refuses the pod'), allowed: 'false' });
});

test('what the patch leaves as it was is not named', () => {
  const ca = { name: 'ca', configMap: { name: 'company-ca' } };
  const before = {
    ...template,
    spec: { ...template.spec, containers: template.spec?.containers ?? [], volumes: [ca] },
  };
  expect(
    patchedPod('finetune/math', before, { metadata: { annotations: { a: 'b' } } }, PATCHABLE_TRAINER).named,
  ).toEqual([]);
});

test('what the patch mounts and the template did not is named', () => {
  const volumes = [
    { name: 'ca', configMap: { name: 'company-ca' } },
    { name: 'more', persistentVolumeClaim: { claimName: 'more' } },
  ];
  expect(patched({ spec: { volumes } }).named).toEqual(['company-ca', 'more']);
});

describe('GPUs of another resource', () => {
  const withResource = (resource: string): PodTemplateSpec => {
    const copy = structuredClone(template);
    for (const { resources } of copy.spec?.containers ?? []) {
      if (resources !== undefined)
        Object.assign(resources, { limits: { [resource]: '1' }, requests: { [resource]: '1' } });
    }
    return copy;
  };
  const said = (pod: PodTemplateSpec, patch: Mapping) =>
    patchedPod('finetune/math', pod, patch, PATCHABLE_TRAINER).findings.map(({ severity, key, got }) => [
      severity,
      key,
      got,
    ]);

  test('must stay too', () => {
    const patch = trainer({ resources: { limits: { 'nvidia.com/mig-1g.10gb': null } } });
    expect(said(withResource('nvidia.com/mig-1g.10gb'), patch)).toEqual([
      ['error', 'podTemplate.spec.containers.trainer.resources.limits', 'none'],
    ]);
  });

  test('are for the trainer alone', () => {
    const sidecar = {
      ...log,
      restartPolicy: 'Always',
      resources: { limits: { cpu: '1', memory: '1Gi', 'amd.com/gpu': '1' } },
    };
    expect(said(withResource('amd.com/gpu'), { spec: { initContainers: [sidecar] } })).toEqual([
      ['warning', 'podTemplate.spec.containers.log.resources', '1'],
    ]);
  });
});

test('claims beside the GPUs, a network card’s, are known fields', () => {
  const resourceClaims = [{ name: 'nic', resourceClaimTemplateName: 'rdma' }];
  const patch = {
    spec: { resourceClaims, containers: [{ name: 'trainer', resources: { claims: [{ name: 'nic', request: 'a' }] } }] },
  };
  expect(findings(patch)).toEqual([]);
});

describe('GPUs that are claimed', () => {
  const claimed = podTemplate({
    ...TRAINING,
    labels: {},
    container: { ...TRAINER, resources: {}, claims: ['gpus'] },
    resourceClaims: [{ name: 'gpus', resourceClaimTemplateName: 'math-gpus-1' }],
  });
  const said = (patch: Mapping) =>
    patchedPod('finetune/math', claimed, patch, PATCHABLE_TRAINER).findings.map(({ severity, key }) => [severity, key]);

  test('are left as they are by a patch of something else', () => {
    expect(said({ spec: { priorityClassName: 'high' } })).toEqual([]);
  });

  test.each([{ spec: { resourceClaims: null } }, trainer({ resources: { claims: null } })])(
    'must stay: %j',
    (patch) => {
      expect(said(patch)).toEqual([['error', 'podTemplate.spec.resourceClaims']]);
    },
  );

  test('stay beside another claim', () => {
    const patch = trainer({ resources: { claims: [{ name: 'nic' }] } });
    expect(said(patch)).toEqual([]);
    const { template: result } = patchedPod('finetune/math', claimed, patch, PATCHABLE_TRAINER);
    expect(result.spec?.containers[0]?.resources?.claims).toEqual([{ name: 'gpus' }, { name: 'nic' }]);
  });

  test('are for the trainer alone', () => {
    const sidecar = {
      ...log,
      restartPolicy: 'Always',
      resources: { limits: { cpu: '1', memory: '1Gi' }, claims: [{ name: 'gpus' }] },
    };
    expect(said({ spec: { initContainers: [sidecar] } })).toEqual([
      ['warning', 'podTemplate.spec.containers.log.resources'],
    ]);
  });
});

describe('images', () => {
  test('the trainer’s is set by its prop, since the run is checked and named by it', () => {
    expect(findings(trainer({ image: 'example/other:1' }))).toEqual([
      ['error', 'podTemplate.spec.containers.trainer.image', 'example/other:1'],
    ]);
  });

  test.each(['log', 'log:latest', 'registry.example.com:5000/log'])(
    'a sidecar of %s may change between pods',
    (image) => {
      const { findings: found } = patched({ spec: { initContainers: [{ ...log, image, restartPolicy: 'Always' }] } });
      expect(found).toEqual([
        expect.objectContaining({
          id: 'image-not-pinned',
          severity: 'warning',
          key: 'podTemplate.spec.containers.log.image',
        }),
      ]);
    },
  );

  test.each(['log:1', `log@sha256:${'0'.repeat(64)}`])('a sidecar of %s stays what it is', (image) => {
    expect(findings({ spec: { initContainers: [{ ...log, image, restartPolicy: 'Always' }] } })).toEqual([]);
  });
});

describe('a token of the ServiceAccount', () => {
  const volume = (serviceAccountToken: Mapping) => ({
    spec: { volumes: [{ name: 'token', projected: { sources: [{ serviceAccountToken }] } }] },
  });

  test.each([
    [{ spec: { automountServiceAccountToken: true } }, 'automountServiceAccountToken', 'true'],
    [{ spec: { automountServiceAccountToken: null } }, 'automountServiceAccountToken', 'nothing, which means true'],
    [volume({ path: 'token' }), 'volumes.token', 'for the API server'],
    [volume({ path: 'token', audience: 'vault' }), 'volumes.token', 'for vault'],
  ])('is warned of: %j', (patch, key, got) => {
    expect(patched(patch).findings).toEqual([
      expect.objectContaining({
        id: 'service-account-token',
        severity: 'warning',
        key: `podTemplate.spec.${key}`,
        got,
      }),
    ]);
  });

  test('is no other projected volume', () => {
    const sources = [{ configMap: { name: 'a' } }, { downwardAPI: {} }];
    expect(findings({ spec: { volumes: [{ name: 'all', projected: { sources } }] } })).toEqual([]);
  });
});
