/**
 * Writes docs/RULES.md, the table of all findings in src/judge/registry.ts: `npx tsx tools/generate-rules.ts`.
 * With --check nothing is written; the exit code says whether the file is stale.
 */
import { FINDINGS, type KnownFinding } from '../src/judge/registry';
import { finish } from './generated';

const HEAD = `# Rules
<!-- written by tools/generate-rules.ts from src/judge/registry.ts; don't edit -->

All that can be found in a run, by its id. A warning or a piece of advice is acknowledged by that id, for a reason: by the prop \`acknowledge\` of a run, or by \`lint --acknowledge ID=REASON\`. The severity is the usual one, and in brackets what single findings may be; errors can't be acknowledged.

- **error**: the run would be refused, die, or silently do something else; synth fails and \`lint\` exits with 1
- **warning**: the run trains, but not as its author expects
- **advice**: there is a better way; \`lint\` shows it
`;

/** The parts of the document, in order. */
const PARTS: ReadonlyArray<readonly [subjects: ReadonlyArray<KnownFinding['subject']>, text: string]> = [
  [
    ['rule'],
    `## Rules

What is found beyond what LLaMA-Factory's own parser refuses. Each rule is one file in \`src/judge/rules\` named by its id. A rule that needs to know more than it is told (the card, the image, the rows) stays silent.`,
  ],
  [
    ['parser', 'refusal'],
    `## What the parser refuses

What LLaMA-Factory's own parser stops at, or what fails right after it without a GPU.`,
  ],
  [['files'], '## Files'],
  [['props'], '## What constructs are given'],
  [['objects'], '## Objects'],
  [
    ['import'],
    `## What an import leaves to its author

They say what to look at in the program that was written, and can't be acknowledged.`,
  ],
  [
    ['checks'],
    `## Acknowledgements, and the checks themselves

These can't be acknowledged.`,
  ],
];

/** The text of docs/RULES.md. */
export function renderRules(): string {
  const all = [...FINDINGS.values()].sort((a, b) => a.id.localeCompare(b.id, 'en'));
  const parts = PARTS.map(([subjects, text]) => {
    const known = all.filter(({ subject }) => subjects.includes(subject));
    const columns = ['id', 'severity', 'what and why', ...(known.some(({ source }) => source) ? ['source'] : [])];
    const rows = known.map((each) => row(each, columns.length));
    return `\n${[text, '', line(columns), `|${'---|'.repeat(columns.length)}`, ...rows].join('\n')}\n`;
  });
  return `${HEAD}${parts.join('')}`;
}

function row({ id, severities: [usual, ...milder], title, source = '' }: KnownFinding, width: number): string {
  const severity = [usual, ...(milder.length === 0 ? [] : [`(${milder.join(', ')})`])].join(' ');
  return line([`<a id="${id}"></a>\`${id}\``, severity, title, source].slice(0, width));
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
}

if (require.main === module) finish('docs/RULES.md', renderRules());
