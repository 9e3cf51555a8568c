import { nearest } from '../run/nearest';

/** The files LLaMA-Factory would see: relative paths start from the folder the trainer runs in. */
export interface Files {
  /** What is at a path; undefined: nothing. */
  kind(path: string): 'file' | 'folder' | undefined;
  /** A file's text; undefined if it can't be read or isn't UTF-8. */
  read(path: string): string | undefined;
  /** The names in a folder; none if there is no such folder. */
  list(path: string): readonly string[];
}

/** The file whose name is meant by one that is not there; undefined: none is like it. */
export function meantFile(files: Files, path: string): string | undefined {
  const end = path.lastIndexOf('/') + 1;
  const folder = path.slice(0, end);
  const meant = nearest(path.slice(end), files.list(folder === '' ? '.' : folder));
  return meant === undefined ? undefined : `${folder}${meant}`;
}

/** Python's `os.path.join` of a folder and a name, which leaves `..` and slashes as they are. */
export function joinPath(folder: string, name: string): string {
  if (name.startsWith('/')) return name;
  return folder === '' || folder.endsWith('/') ? `${folder}${name}` : `${folder}/${name}`;
}
