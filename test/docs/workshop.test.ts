import { blocksOf, projectsOf } from './extract';
import { untrueOf, Workshop } from './workshop';

const PAGE = `
<!-- write: data/greeting.txt -->
\`\`\`text
hello
\`\`\`

\`\`\`ts
import { readFileSync } from 'node:fs';
import { App, ApiObject, Chart } from 'cdk8s';

const app = new App();
const greeting: string = readFileSync('data/greeting.txt', 'utf8').trim();
new ApiObject(new Chart(app, 'page'), 'map', { apiVersion: 'v1', kind: 'ConfigMap', data: { greeting } });
app.synth();
console.error('done');
\`\`\`

<!-- output: npx tsx main.ts && cat data/greeting.txt -->
\`\`\`text
done
hello
\`\`\`

<!-- file: dist/page.k8s.yaml -->
\`\`\`yaml
apiVersion: v1
kind: ConfigMap
\`\`\`

<!-- file: dist/page.k8s.yaml#ConfigMap/data -->
\`\`\`json
{ "greeting": "hello" }
\`\`\`

<!-- fails -->
\`\`\`ts
process.exit(1);
\`\`\`
`;

let workshop: Workshop;

beforeEach(() => {
  workshop = new Workshop();
});

afterEach(() => workshop.remove());

function untrue(markdown: string): string[] {
  return projectsOf(blocksOf('page.md', markdown)).flatMap((project) => untrueOf(workshop.write(project), project));
}

test('a page that tells the truth passes', () => {
  expect(untrue(PAGE)).toEqual([]);
  expect(workshop.typeErrors()).toBe('');
}, 60_000);

test('every claim that is not so is told with its line', () => {
  const page = PAGE.replace("'utf8').trim()", "'utf8').trim().toUpperCase()")
    .replace('done\nhello', 'done\nbye')
    .replace('apiVersion: v1\n', 'apiVersion: v2\n')
    .replace('exit(1)', 'exit(0)');
  const places = untrue(page).map((fault) => fault.split('\n')[0]);
  expect(places).toEqual([
    'page.md:19: `npx tsx main.ts && cat data/greeting.txt` prints:',
    "page.md:25: dist/page.k8s.yaml isn't so; the file holds:",
    "page.md:31: dist/page.k8s.yaml#ConfigMap/data isn't so; the file holds:",
    'page.md:36: exits with 0, not 1:',
  ]);
}, 60_000);

test('a program that dies is told with what it printed', () => {
  const [fault] = untrue("```ts\nthrow new Error('no such card');\n```\n");
  expect(fault).toContain('page.md:1: exits with 1, not 0:');
  expect(fault).toContain('no such card');
}, 60_000);

test('a program that does not compile is a type error', () => {
  projectsOf(blocksOf('page.md', "```ts\nconst gpus: number = '4';\nconsole.log(gpus);\n```\n")).map((project) =>
    workshop.write(project),
  );
  expect(workshop.typeErrors()).toContain("page.md-line-1/main.ts(1,7): error TS2322: Type 'string' is not assignable");
}, 60_000);
