/** The files LLaMA-Factory would see: relative paths start from the folder the trainer runs in. */
export interface Files {
  /** What is at a path; undefined: nothing. */
  kind(path: string): 'file' | 'folder' | undefined;
  /** A file's text; undefined if it can't be read or isn't UTF-8. */
  read(path: string): string | undefined;
  /** The names in a folder; none if there is no such folder. */
  list(path: string): readonly string[];
}

/** Python's `os.path.join` of a folder and a name, which leaves `..` and slashes as they are. */
export function joinPath(folder: string, name: string): string {
  if (name.startsWith('/')) return name;
  return folder === '' || folder.endsWith('/') ? `${folder}${name}` : `${folder}/${name}`;
}
