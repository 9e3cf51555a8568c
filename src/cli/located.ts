import { LARGEST_DATA } from '../llamafactory/dataset-file';
import { itemsAt } from '../llamafactory/json-fault';
import { type Position, positionOf } from '../llamafactory/position';
import { readText } from '../llamafactory/read-text';
import type { Finding, Place } from '../run/finding';
import { offsetOfKey } from './edits';
import type { FileStore } from './file-store';
import { seenFrom } from './root';
import type { RunFromFiles } from './run-from-files';

/** Findings with the file each is in, as seen from the folder we run in, and its line and column where they can be told. */
export function located(findings: readonly Finding[], path: string, from: RunFromFiles, store: FileStore): Finding[] {
  return findings.map((finding) => {
    const own: Place = { file: from.run?.file ?? path, key: finding.key };
    const place = finding.place ?? own;
    const target = from.placeOf({ file: place.file, key: place.key ?? '' });
    const name = place.file === own.file ? path : seenFrom(process.cwd(), target.path);
    const at = place.line === undefined ? positionIn(place, target, store) : place;
    return { ...finding, path: name, place: { ...place, file: name, line: at?.line, column: at?.column } };
  });
}

function positionIn(place: Place, target: { path: string; key: string }, store: FileStore): Position | undefined {
  if (place.row !== undefined) return positionOfRow(target.path, place.row);
  // What a file lacks is the whole file's fault.
  if (target.key === '') return { line: 1, column: 1 };
  const text = store.read(target.path);
  return 'text' in text ? positionOf(text.text, offsetOfKey(text.text, target.key) ?? 0) : undefined;
}

/** Where a row of a data file begins: in a list of JSON, or a line each, the empty ones not counted. */
function positionOfRow(path: string, row: number): Position | undefined {
  const read = readText(path, LARGEST_DATA);
  if (!('text' in read)) return undefined;
  const { text } = read;
  const offset = itemsAt(text)[row - 1];
  if (offset !== undefined) return positionOf(text, offset);
  const named = path.endsWith('.csv') ? 1 : 0;
  // A quoted cell can have several lines.
  if (named > 0 && text.includes('"')) return undefined;
  const lines = text.split('\n').flatMap((line, i) => (line.trim() === '' ? [] : [i + 1]));
  const line = lines[row - 1 + named];
  return line === undefined ? undefined : { line, column: 1 };
}
