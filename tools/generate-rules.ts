/**
 * Writes docs/RULES.md, the table of the rules in src/judge/rules: `npx tsx tools/generate-rules.ts`.
 * With --check nothing is written; the exit code says whether the file is stale.
 */
import type { Rule } from '../src/judge/rule';
import { RULES } from '../src/judge/rules';
import { finish } from './generated';

const HEAD = `# Rules
<!-- written by tools/generate-rules.ts from src/judge/rules; don't edit -->

What is found in a run beyond what LLaMA-Factory's own parser refuses. Each rule is one file in \`src/judge/rules\` named by its id, and a warning or a piece of advice is acknowledged by that id, for a reason: by the prop \`acknowledge\` of a run, or by \`lint --acknowledge ID=REASON\`. The severity is the rule's usual one: single findings may be milder. A rule that needs to know more than it is told (the card, the image, the rows) stays silent.

- **error**: the run would be refused, die, or silently do something else; synth fails and \`lint\` exits with 1
- **warning**: the run trains, but not as its author expects
- **advice**: there is a better way; \`lint\` shows it

| id | severity | what and why | source |
|---|---|---|---|
`;

/** The text of docs/RULES.md. */
export function renderRules(): string {
  const rows = [...RULES].sort((a, b) => a.id.localeCompare(b.id, 'en')).map(row);
  return `${HEAD}${rows.join('\n')}\n`;
}

function row({ id, severity, reason, source }: Rule): string {
  return `| \`${id}\` | ${severity} | ${[reason, source].map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
}

if (require.main === module) finish('docs/RULES.md', renderRules());
