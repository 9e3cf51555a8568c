import { type Finding, Severity } from '../run/finding';
import type { ResolvedRun } from './resolve';

/** What is said of a model whose memory and time can't be told: that it is so, and what has to be given instead. */
export function unplannedFindings(asked: ResolvedRun): Finding[] {
  const { model, models, saves, path, memoryBytes, problems } = asked;
  if (model.unplanned === undefined) return [];
  const missing = [
    { key: 'memory', missing: memoryBytes === undefined, change: 'memory: Size.gibibytes(64)' },
    {
      key: 'modelCache.size',
      missing: models.filled && !models.sized,
      change: "new ModelCache(chart, 'models', { size: Size.gibibytes(100) })",
    },
    {
      key: 'saves.size',
      missing: !saves.existing && !saves.sized,
      change: "new SavesVolume(chart, 'saves', { size: Size.gibibytes(50) })",
    },
  ];
  return [
    {
      id: 'model-not-planned',
      severity: Severity.WARNING,
      path,
      key: 'model',
      message:
        'memory and time of this model are not planned: nothing here says whether it fits the card, or how long it runs',
      got: `${model.name}: ${model.unplanned}`,
      change:
        "give Model.custom the content of its config.json, or try it with smoke: true and acknowledge 'model-not-planned'",
      source: 'docs/data-and-models.md',
    },
    ...(problems.length > 0 ? [] : missing.filter((part) => part.missing)).map(
      ({ key, change }): Finding => ({
        id: 'unplanned-resource',
        severity: Severity.ERROR,
        path,
        key,
        message: 'it must be given, since what this model takes is not planned',
        got: 'nothing',
        change: `for example ${change}`,
      }),
    ),
  ];
}
