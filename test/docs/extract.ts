/** What the pages say in fenced blocks, and what each block claims. The convention: docs/contributing-docs.md. */

/** A fenced block of a Markdown page. */
export interface Block {
  readonly page: string;
  /** The line of the opening fence, counted from one. */
  readonly line: number;
  /** The word after the fence; empty if there is none. */
  readonly language: string;
  readonly text: string;
  /** The HTML comment before the block, `<!-- name: value -->`; undefined if there is none. */
  readonly tag?: { readonly name: string; readonly value: string };
}

/** A program of a page, the files written before it, and what the page says of it. */
export interface Project {
  readonly page: string;
  /** The line of its first block. */
  readonly line: number;
  readonly files: readonly Block[];
  readonly program?: Block;
  readonly claims: readonly Block[];
}

const FENCE = /^( *)(`{3,}|~{3,})\s*(\S*).*$/;
const TAG = /^<!-- ([a-z]+)(?:: (.+?))? -->$/;

/** The fenced blocks of a page, in order. */
export function blocksOf(page: string, markdown: string): Block[] {
  const lines = markdown.split(/\r?\n/);
  const blocks: Block[] = [];
  let tag: Block['tag'];
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    const [, indent = '', fence, language = ''] = FENCE.exec(line) ?? [];
    if (fence === undefined) {
      const [, name, value = ''] = TAG.exec(line.trim()) ?? [];
      if (name !== undefined) tag = { name, value };
      else if (line.trim() !== '') tag = undefined;
      continue;
    }
    const end = lines.findIndex((other, at) => at > index && other.trim() === fence);
    if (end < 0) throw new Error(`${page}:${index + 1}: the block is never closed`);
    const text = lines
      .slice(index + 1, end)
      .map((inner) => (inner.startsWith(indent) ? inner.slice(indent.length) : inner));
    blocks.push({ page, line: index + 1, language, text: text.join('\n'), tag });
    tag = undefined;
    index = end;
  }
  return blocks;
}

/** The projects of a page, in order. A file or a program after a program, or after a claim, begins the next one. */
export function projectsOf(blocks: readonly Block[]): Project[] {
  const projects: { page: string; line: number; files: Block[]; program?: Block; claims: Block[] }[] = [];
  for (const block of blocks) {
    const use = useOf(block);
    if (use === 'commands' || use === undefined) continue;
    let project = projects.at(-1);
    const begun = project?.program !== undefined || (project?.claims.length ?? 0) > 0;
    if (project === undefined || (use !== 'claim' && begun)) {
      project = { page: block.page, line: block.line, files: [], claims: [] };
      projects.push(project);
    }
    if (use === 'file') project.files.push(block);
    else if (use === 'program') project.program = block;
    else project.claims.push(block);
  }
  return projects;
}

/** What a block is for; undefined: nothing that could be checked. */
export function useOf(block: Block): 'file' | 'program' | 'claim' | 'commands' | undefined {
  switch (block.tag?.name) {
    case 'write':
      return 'file';
    case 'output':
    case 'file':
      return 'claim';
    case 'fails':
      return block.language === 'ts' ? 'program' : undefined;
    case undefined:
      if (block.language === 'ts') return 'program';
      return block.language === 'sh' ? 'commands' : undefined;
    default:
      return undefined;
  }
}

/** The commands of a shell block: comments left out, lines that end in a backslash joined. */
export function commandsOf(block: Block): string[] {
  return block.text
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
