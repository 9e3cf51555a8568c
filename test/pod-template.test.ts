import { ApiObject, JsonPatch } from 'cdk8s';
import type { QwenQLoRAJobProps } from '../src';
import { findingsOf } from '../src/tree/findings';
import { chartOf, findingsWith, jobOf, manifestsOf, mathRun } from './synthesis';

const run = (props: Partial<QwenQLoRAJobProps> = {}) => {
  const { app, chart } = chartOf();
  return { app, chart, ...mathRun(chart, props) };
};
const SIDECAR = { name: 'log', image: 'log:1', restartPolicy: 'Always' };

describe('podTemplate', () => {
  test('reaches the pod of the training Job alone, and its name', () => {
    const plain = run();
    const patched = run({ podTemplate: { spec: { initContainers: [SIDECAR] } } });
    const names = (job: ReturnType<typeof jobOf>) => job.spec?.template.spec?.initContainers?.map(({ name }) => name);
    const manifests = manifestsOf(patched.app);
    expect(names(jobOf(manifests, 'train'))).toEqual(['wait-for-prepare', 'log']);
    expect(jobOf(manifests, 'prepare')).toEqual(jobOf(manifestsOf(plain.app), 'prepare'));
    expect(patched.job?.jobName).not.toBe(plain.job?.jobName);
    expect(patched.job?.runDigest).toBe(plain.job?.runDigest);
  });

  test('has what is wrong with the result reported', () => {
    const { app } = run({ podTemplate: { spec: { restartPolicy: 'Always' } } });
    expect(findingsWith(app, 'pod-template')).toEqual([
      expect.objectContaining({ path: 'finetune/math', key: 'podTemplate.spec.restartPolicy' }),
    ]);
  });

  test('may name objects that nobody here makes, with a warning', () => {
    const volumes = [{ name: 'ca', configMap: { name: 'company-ca' } }];
    expect(findingsWith(run({ podTemplate: { spec: { volumes } } }).app, 'missing-reference')).toEqual([
      expect.objectContaining({ severity: 'warning', key: 'volumes.ca' }),
    ]);
  });

  test('may name the ConfigMap that every namespace has', () => {
    const volumes = [{ name: 'ca', configMap: { name: 'kube-root-ca.crt' } }];
    expect(findingsOf(run({ podTemplate: { spec: { volumes } } }).app)).toEqual(findingsOf(run().app));
  });

  test('must not mount a volume that is not there', () => {
    const containers = [{ name: 'trainer', volumeMounts: [{ name: 'nowhere', mountPath: '/x' }] }];
    expect(findingsWith(run({ podTemplate: { spec: { containers } } }).app, 'missing-reference')).toEqual([
      expect.objectContaining({ severity: 'error', key: 'trainer.volumeMounts' }),
    ]);
  });
});

describe('a patch from outside', () => {
  const objectOf = (app: ReturnType<typeof run>['app'], test: (object: ApiObject) => boolean) =>
    app.node.findAll().find((each): each is ApiObject => ApiObject.isApiObject(each) && test(each));

  test('of the training pod is an error that names the place and the prop to use', () => {
    const { app, job } = run();
    if (job === undefined) throw new Error('no job');
    ApiObject.of(job).addJsonPatch(
      JsonPatch.replace('/spec/template/spec/containers/0/image', 'other:1'),
      JsonPatch.add('/spec/template/spec/nodeSelector', { zone: 'a' }),
    );
    expect(findingsWith(app, 'patched-from-outside')).toEqual([
      expect.objectContaining({
        severity: 'error',
        path: 'finetune/math',
        key: 'spec.template',
        got: '/spec/containers/0/image, /spec/nodeSelector',
        change: 'use the prop image, nodePool, or podTemplate',
      }),
    ]);
  });

  test('with many changes is told by the first', () => {
    const { app, job } = run();
    if (job === undefined) throw new Error('no job');
    const labels = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((key) => [key, 'x']));
    ApiObject.of(job).addJsonPatch(JsonPatch.add('/spec/template/spec/nodeSelector', labels));
    ApiObject.of(job).addJsonPatch(JsonPatch.replace('/spec/template/metadata/labels', labels));
    expect(findingsWith(app, 'patched-from-outside')[0]?.got).toMatch(
      /^\d+ changes, the first at \/metadata\/labels\//,
    );
  });

  test('of the prepare pod is an error too', () => {
    const { app } = run();
    objectOf(app, ({ kind, name }) => kind === 'Job' && name.includes('prepare'))?.addJsonPatch(
      JsonPatch.add('/spec/template/spec/priorityClassName', 'low'),
    );
    expect(findingsWith(app, 'patched-from-outside')).toHaveLength(1);
  });

  test('of a ConfigMap that is called after its content is an error', () => {
    const { app } = run();
    objectOf(app, ({ kind, name }) => kind === 'ConfigMap' && name.includes('config'))?.addJsonPatch(
      JsonPatch.add('/data/more.txt', 'x'),
    );
    expect(findingsWith(app, 'patched-from-outside')).toEqual([
      expect.objectContaining({ key: 'data', got: '/more.txt' }),
    ]);
  });

  test('of what no name depends on is fine', () => {
    const { app, job } = run();
    if (job === undefined) throw new Error('no job');
    ApiObject.of(job).addJsonPatch(JsonPatch.replace('/spec/backoffLimit', 1));
    ApiObject.of(job).metadata.addLabel('team', 'maths');
    expect(findingsWith(app, 'patched-from-outside')).toEqual([]);
  });
});
