import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ARCHITECTURES } from '../../src/planning/catalog/architectures';
import { MODELS } from '../../src/planning/catalog/models';
import { modelFileBytes } from '../../src/planning/layers';

const page = readFileSync(join(__dirname, '../../docs/data-and-models.md'), 'utf8');

test('the page lists the catalogue as it is', () => {
  const rows = new Map<string, string[]>();
  for (const model of Object.values(MODELS)) {
    const row = `| ${model.modelType} | ${(modelFileBytes(model) / 2e9).toFixed(1)} billion |`;
    const { name: _, repository: __, modelScopeRepository: ___, ...numbers } = model;
    const shape = `${row} ${JSON.stringify(numbers)}`;
    rows.set(shape, [...(rows.get(shape) ?? [row]), model.repository]);
  }
  const table = [...rows.values()].map(([row, ...repositories]) => `${row} ${repositories.join(', ')} |`);
  expect(page).toContain(
    `<!-- catalogue -->\n| model_type | parameters | repositories |\n|---|---|---|\n${table.join('\n')}\n\n`,
  );
});

test('the page names every architecture that is known', () => {
  const types = Object.keys(ARCHITECTURES);
  expect(page).toContain(`\`model_type\` ${types.slice(0, -1).join(', ')} or ${types.at(-1)}`);
});
