import { textOf } from '../llamafactory/effective-arguments';
import type { Run } from '../run/run';

/** Qwen3 models of other kinds, whose chat differs or that have none. */
const OTHERS = /base|deepseek|vl|omni|coder|next|embedding|reranker|guard|asr|tts/i;

/** The kind of Qwen3 chat model a run trains, by its name; undefined if it is none, or its name says nothing. */
export function qwen3Of(run: Run): 'hybrid' | 'instruct' | 'thinking' | undefined {
  const name =
    textOf(run, 'model_name_or_path')
      .replace(/(?<![/\\])[/\\]+$/, '')
      .split(/[/\\]/)
      .at(-1) ?? '';
  const known = run.model?.modelType.startsWith('qwen3') === true;
  if (!(known || /^qwen-?3-\d/i.test(name)) || OTHERS.test(name)) return undefined;
  if (/instruct/i.test(name)) return 'instruct';
  return /thinking/i.test(name) ? 'thinking' : 'hybrid';
}
