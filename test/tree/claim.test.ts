import { Chart, Size } from 'cdk8s';
import { Construct } from 'constructs';
import { KEEP, makeClaim, storageChart } from '../../src/tree/claim';
import { chartOf, manifestsOf, only } from '../synthesis';

test('storage has a chart of its own beside that of the run, in the same namespace', () => {
  const { app, chart } = chartOf();
  const storage = storageChart(new Construct(chart, 'saves'));
  expect(storage.node.path).toBe('finetune-storage');
  expect(storage.namespace).toBe('ml');
  expect(app.node.children).toEqual([chart, storage]);
});

test('all constructs of a chart share it', () => {
  const { chart } = chartOf();
  expect(storageChart(new Construct(chart, 'a'))).toBe(storageChart(new Construct(chart, 'b')));
});

test('a chart inside another has its storage beside it', () => {
  const inner = new Chart(chartOf().chart, 'inner');
  expect(storageChart(new Construct(inner, 'saves')).node.path).toBe('finetune/inner-storage');
});

test("the chart's labels go to its storage", () => {
  const { app } = chartOf();
  const chart = new Chart(app, 'labelled', { labels: { team: 'maths' } });
  makeClaim(new Construct(chart, 'saves'), { size: Size.gibibytes(1), accessMode: 'ReadWriteOnce' });
  expect(only(manifestsOf(app).claims).metadata?.labels).toEqual(expect.objectContaining({ team: 'maths' }));
});

test('a claim is called after its construct, without a digest', () => {
  const { app, chart } = chartOf();
  const name = makeClaim(new Construct(chart, 'saves'), { size: Size.gibibytes(20), accessMode: 'ReadWriteOnce' });
  expect(name).toBe('finetune-saves');
  expect(only(manifestsOf(app).claims)).toEqual({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: 'finetune-saves',
      namespace: 'ml',
      labels: expect.objectContaining({ 'app.kubernetes.io/instance': 'finetune-saves' }),
      annotations: KEEP,
    },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '20Gi' } } },
  });
});

test('a storage class and a volume are passed on, an empty class too', () => {
  const { app, chart } = chartOf();
  makeClaim(new Construct(chart, 'a'), {
    size: Size.gibibytes(1),
    accessMode: 'ReadOnlyMany',
    storageClassName: '',
    volumeName: 'disk',
  });
  expect(only(manifestsOf(app).claims).spec).toEqual(
    expect.objectContaining({ storageClassName: '', volumeName: 'disk', accessModes: ['ReadOnlyMany'] }),
  );
});

test.each([
  ['Argo CD', 'argocd.argoproj.io/sync-options', 'Prune=false,Delete=false'],
  ['Flux', 'kustomize.toolkit.fluxcd.io/prune', 'disabled'],
  ['Helm', 'helm.sh/resource-policy', 'keep'],
])('%s leaves a claim when its manifest goes', (_, annotation, value) => {
  expect(KEEP[annotation]).toBe(value);
});
