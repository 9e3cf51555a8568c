import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blocksOf, commandsOf, projectsOf, useOf } from '../docs/extract';
import { run, Workshop } from '../docs/workshop';
import { jobs, kubectl, onlyNodes, shell, startAfresh, unfinished, until } from './cluster';
import { type Manifest, readManifests } from './manifest';
import { objectsOf, POOL } from './run-objects';

/** A guide: its program in a folder of its own, and its commands as they stand, by the section they are in. */
class Guide {
  private readonly workshop = new Workshop();
  private readonly text: string;
  private readonly folder: string;
  private readonly program: string;

  public constructor(private readonly page: string) {
    this.text = readFileSync(join(__dirname, '../../docs', page), 'utf8');
    const project = projectsOf(blocksOf(page, this.text)).find(({ program }) => program !== undefined);
    if (project === undefined) throw new Error(`${page} has no program`);
    this.folder = this.workshop.write(project);
    this.program = readFileSync(join(this.folder, 'main.ts'), 'utf8');
  }

  /** Synthesises the program, something in it replaced, and answers the files' objects. */
  public synth(from = '', to = ''): Manifest[] {
    expect(this.program).toContain(from);
    writeFileSync(join(this.folder, 'main.ts'), this.program.replace(from, to));
    expect(run(this.folder, 'rm -rf dist && tsx main.ts').status).toBe(0);
    return readManifests(join(this.folder, 'dist'));
  }

  /** The commands of a section, in order. */
  public commands(section: string): string[] {
    const begin = this.text.indexOf(`\n## ${section}\n`);
    const end = this.text.indexOf('\n## ', begin + 1);
    expect(begin).toBeGreaterThan(0);
    return blocksOf(this.page, this.text.slice(begin, end < 0 ? undefined : end))
      .filter((block) => useOf(block) === 'commands')
      .flatMap(commandsOf);
  }

  /** Runs a command in the program's folder; it must succeed. */
  public run(command: string): string {
    const { status, stdout, stderr } = shell(this.folder, command);
    expect({ command, status, stderr }).toEqual({ command, status: 0, stderr: '' });
    return stdout;
  }

  public remove(): void {
    this.workshop.remove();
  }
}

/** The names of what a namespace has, as `Kind/name`; what the cluster itself puts there is left out. */
function found(namespace: string, kinds: string): string[] {
  const { items } = JSON.parse(kubectl(['get', kinds, '-n', namespace, '-o', 'json']).stdout) as { items: Manifest[] };
  return items.map(nameOf).filter((name) => name !== 'ConfigMap/kube-root-ca.crt');
}
const nameOf = ({ kind, metadata }: Manifest) => `${kind}/${metadata.name}`;
const NAMED_BY_CONTENT = 'jobs,networkpolicies,configmaps';
/** Those of some objects that are called after what they hold, in the order of {@link found}. */
const namedByContent = (objects: readonly Manifest[]) =>
  ['Job', 'NetworkPolicy', 'ConfigMap'].flatMap((kind) =>
    objects
      .filter((each) => each.kind === kind)
      .map(nameOf)
      .sort(),
  );

beforeAll(() => onlyNodes(POOL));

describe('the pruning of guide-platform.md', () => {
  const guide = new Guide('guide-platform.md');
  const prune = () => guide.commands('Pruning').slice(0, 2);
  const NAMESPACE = 'team-a';
  // Another chart in the same namespace, applied as anyone would.
  const others = objectsOf({ other: {} }).map((object) => ({
    ...object,
    metadata: { ...object.metadata, namespace: NAMESPACE },
  }));
  afterAll(() => guide.remove());

  test.each(['', ' --server-side'])(
    'with "kubectl apply%s" deletes what was replaced, and that alone',
    async (option) => {
      const asked = prune().map((command) => command.replace(' apply', ` apply${option}`));
      const before = guide.synth();
      startAfresh([...before, ...others]);
      expect(kubectl(['apply', '-f', '-'], others).status).toBe(0);
      for (const command of asked) guide.run(command);
      expect(found(NAMESPACE, NAMED_BY_CONTENT).sort()).toEqual(namedByContent([...before, ...others]).sort());
      const uids = jobs(NAMESPACE).map(({ metadata }) => metadata?.uid);

      const after = guide.synth('learningRate: 3e-5', 'learningRate: 4e-5');
      for (const command of asked) guide.run(command);
      expect(found(NAMESPACE, NAMED_BY_CONTENT).sort()).toEqual(namedByContent([...after, ...others]).sort());
      // Not made again: the Jobs of the other chart, and the one that prepares the volume for both runs.
      expect(jobs(NAMESPACE).filter(({ metadata }) => uids.includes(metadata?.uid)).length).toBe(uids.length - 1);
    },
  );

  test('removes a team by the commands that follow, and its storage by the last', () => {
    const [, , runs = '', storage = ''] = guide.commands('Pruning');
    guide.run(runs);
    expect(found(NAMESPACE, NAMED_BY_CONTENT).sort()).toEqual(namedByContent(others).sort());
    expect(found(NAMESPACE, 'persistentvolumeclaims')).toContain('PersistentVolumeClaim/team-a-saves');
    guide.run(storage);
    expect(found(NAMESPACE, 'persistentvolumeclaims')).not.toContain('PersistentVolumeClaim/team-a-saves');
  });

  test('would delete a claim that is in the set, whatever its annotations say', async () => {
    const claims = guide.synth().filter(({ kind }) => kind === 'PersistentVolumeClaim');
    const apply = (set: string) => `KUBECTL_APPLYSET=true kubectl -n ${NAMESPACE} apply --prune --applyset=${set}`;
    guide.run(`${apply('whole')} -f dist/team-a-storage.k8s.yaml`);
    guide.run(
      'kubectl -n team-a delete jobs --all && kubectl create configmap one --dry-run=client -o yaml > one.yaml',
    );
    guide.run(`${apply('whole')} -f one.yaml`);
    await until('the claims are gone', () => {
      const names = found(NAMESPACE, 'persistentvolumeclaims');
      return claims.every((claim) => !names.includes(nameOf(claim)));
    });
  });
});

describe('the two steps of gitops.md', () => {
  const guide = new Guide('gitops.md');
  afterAll(() => guide.remove());
  const training = () =>
    jobs('ml').filter(({ metadata }) => metadata?.labels?.['app.kubernetes.io/component'] === 'train');

  test('do not wait for a preflight of an earlier run that failed', async () => {
    const objects = guide.synth();
    const failed = objects
      .filter(({ metadata }) => metadata.name.includes('preflight'))
      .map(
        (object) => JSON.parse(JSON.stringify(object).replaceAll(/-preflight-\w+/g, '-preflight-earlier')) as Manifest,
      )
      .map((object) => withAnnotation(object, 'test/exit-code', '10'));
    startAfresh([...objects, ...failed]);
    kubectl(['apply', '-f', '-'], failed);
    kubectl(
      ['apply', '-f', '-'],
      objects.filter(({ kind }) => kind !== 'Job'),
    );
    await until('the earlier preflight fails', () => jobs('ml').some(({ status }) => (status?.failed ?? 0) > 0));
    const [first = '', wait = '', last = ''] = guide.commands('Two steps');
    guide.run(first);
    expect(training()).toEqual([]);
    guide.run(wait.replace('--timeout=2h', '--timeout=60s'));
    guide.run(last);
    expect(training().length).toBe(1);
    await until('it is complete', () => training()[0]?.status?.succeeded === 1);
  });

  test('remove what they replace, at the last step', () => {
    const [before] = training();
    guide.synth('preflight: true,', "preflight: true,\n  labels: { team: 'maths' },");
    const [first = '', wait = '', last = ''] = guide.commands('Two steps');
    guide.run(first);
    guide.run(wait.replace('--timeout=2h', '--timeout=60s'));
    expect(training()).toEqual([before]);
    guide.run(last);
    expect(training().map(({ metadata }) => metadata?.name)).not.toContain(before?.metadata?.name);
    expect(training().length).toBe(1);
  });
});

describe('the removing of guide-k3s.md', () => {
  const guide = new Guide('guide-k3s.md');
  const objects = guide.synth();
  const commands = guide.commands('6. Remove');

  beforeAll(async () => {
    onlyNodes(['t10-server']);
    startAfresh(objects);
    guide.run('kubectl apply -f dist/');
    expect(await unfinished(['ml'])).toEqual([]);
  });
  afterAll(() => guide.remove());

  test('takes one run, its policy with it', () => {
    const [one = ''] = commands;
    const train = objects.find(({ kind, metadata }) => kind === 'Job' && !metadata.name.includes('prepare'));
    expect(found('ml', 'jobs')).toContain(`Job/${train?.metadata.name}`);
    guide.run(one.replace('RUN', String(train?.spec?.template?.metadata?.labels?.['cdk8s-llamafactory/run'])));
    expect(found('ml', 'jobs,networkpolicies').filter((name) => name.includes(train?.metadata.name ?? ''))).toEqual([]);
    expect(found('ml', 'jobs').length).toBe(1);
  });

  test('leaves the claims, and then takes them as well', () => {
    const [, all = '', storage = ''] = commands;
    guide.run(all);
    expect(found('ml', NAMED_BY_CONTENT)).toEqual([]);
    expect(found('ml', 'persistentvolumeclaims').length).toBe(2);
    guide.run(storage);
    expect(found('ml', 'persistentvolumeclaims')).toEqual([]);
  });
});

/** A Job whose pods carry one more annotation; anything else as it is. */
function withAnnotation(object: Manifest, key: string, value: string): Manifest {
  const template = object.spec?.template;
  if (template === undefined) return object;
  const metadata = { ...template.metadata, annotations: { ...template.metadata?.annotations, [key]: value } };
  return { ...object, spec: { ...object.spec, template: { ...template, metadata } } };
}
