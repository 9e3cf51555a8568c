import { Size } from 'cdk8s';
import { ModelCache, SavesVolume } from '../src';
import { chartOf, containerOf, findingsWith, jobOf, manifestsOf, mathDataset, mathRun, only } from './synthesis';

test('it is a claim of 20 GiB that one node may write to', () => {
  const { app, chart } = chartOf();
  new SavesVolume(chart, 'saves');
  expect(only(manifestsOf(app).claims).spec).toEqual({
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '20Gi' } },
  });
});

test('its default size holds what the runs that write to it leave, with room to spare', () => {
  const sizeWith = (loraRank: number, runs: number) => {
    const { app, chart } = chartOf();
    const saves = new SavesVolume(chart, 'saves');
    const dataset = mathDataset(chart);
    for (let i = 0; i < runs; i += 1) mathRun(chart, { saves, dataset, train: { loraRank } }, `run-${i}`);
    const claims = manifestsOf(app).claims.filter(({ metadata }) => metadata?.name === 'finetune-saves');
    return only(claims).spec?.resources?.requests?.['storage'];
  };
  expect([sizeWith(16, 1), sizeWith(64, 1), sizeWith(64, 3)]).toEqual(['20Gi', '80Gi', '320Gi']);
});

test('runs that leave more than its size are told with their sum, those that fit are not', () => {
  const { app, chart } = chartOf();
  const saves = new SavesVolume(chart, 'saves', { size: Size.gibibytes(15) });
  const dataset = mathDataset(chart);
  mathRun(chart, { saves, dataset }, 'a');
  expect(findingsWith(app, 'saves-too-small')).toEqual([]);
  mathRun(chart, { saves, dataset }, 'b');
  mathRun(chart, { saves, dataset }, 'c');
  expect(only(findingsWith(app, 'saves-too-small')).message).toMatch(
    /finetune\/a [\d.]+ \+ finetune\/b [\d.]+ \+ finetune\/c [\d.]+ GiB/,
  );
});

test('packages that are installed beside the adapters are counted', () => {
  const { app, chart } = chartOf();
  const modelCache = ModelCache.fromClaim(chart, 'models', { claimName: 'models', modelPath: 'Qwen3-14B' });
  mathRun(chart, { modelCache, saves: new SavesVolume(chart, 'saves', { size: Size.gibibytes(1) }) });
  expect(only(findingsWith(app, 'saves-too-small')).message).toMatch(/finetune\/math [\d.]+ \+ packages 0\.2 GiB/);
});

test('of a claim that exists nobody knows the size', () => {
  const { app, chart } = chartOf();
  mathRun(chart, { saves: SavesVolume.fromClaim(chart, 'saves', { claimName: 'adapters' }) });
  expect(findingsWith(app, 'saves-too-small')).toEqual([]);
});

test('it has the size, class and access mode given', () => {
  const { app, chart } = chartOf();
  new SavesVolume(chart, 'saves', { size: Size.gibibytes(5), storageClassName: 'nfs', readWriteMany: true });
  expect(only(manifestsOf(app).claims).spec).toEqual({
    accessModes: ['ReadWriteMany'],
    resources: { requests: { storage: '5Gi' } },
    storageClassName: 'nfs',
  });
});

test('it stands outside the run’s own file', () => {
  const { chart } = chartOf();
  new SavesVolume(chart, 'saves');
  expect(chart.toJson()).toEqual([]);
});

test('runs on one volume write to directories of their own', () => {
  const { chart } = chartOf();
  const saves = new SavesVolume(chart, 'saves');
  const dataset = mathDataset(chart);
  const a = mathRun(chart, { saves, dataset }, 'a');
  const b = mathRun(chart, { saves, dataset, train: { loraRank: 8 } }, 'b');
  expect(a.savesClaimName).toBe(saves.claimName);
  expect(b.savesClaimName).toBe(saves.claimName);
  expect(b.outputDirectory).not.toBe(a.outputDirectory);
});

test('a claim that exists is mounted by its directory, and nothing is made for it', () => {
  const { app, chart } = chartOf();
  const saves = SavesVolume.fromClaim(chart, 'saves', { claimName: 'adapters', subPath: 'team' });
  mathRun(chart, { saves });
  const manifests = manifestsOf(app);
  expect(saves.claimName).toBe('adapters');
  expect(manifests.claims.map(({ metadata }) => metadata?.name)).toEqual(['finetune-math-models']);
  const mounts = containerOf(jobOf(manifests, 'train')).volumeMounts ?? [];
  expect(only(mounts.filter(({ name }) => name === 'saves'))).toEqual({
    name: 'saves',
    mountPath: '/saves',
    subPath: 'team',
  });
});

test('a claim that exists is not looked for among the objects made here', () => {
  const { app, chart } = chartOf();
  mathRun(chart, { saves: SavesVolume.fromClaim(chart, 'saves', { claimName: 'adapters' }) });
  expect(findingsWith(app, 'missing-reference')).toEqual([]);
});

test('a claim made in another namespace cannot be mounted', () => {
  const { app, chart } = chartOf();
  const other = chartOf({ namespace: 'other', id: 'other' });
  mathRun(chart, { saves: new SavesVolume(other.chart, 'saves') });
  expect(findingsWith(app, 'missing-reference')).toEqual([
    expect.objectContaining({
      path: 'finetune/math',
      key: 'volumes.saves',
      message: "nothing makes the PersistentVolumeClaim 'other-saves' in this namespace",
    }),
  ]);
});
