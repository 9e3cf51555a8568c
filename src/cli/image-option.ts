import { readFileSync } from 'node:fs';
import { imagePackages, packageName } from '../run/image-packages';
import { RELEASE_FACTS, type Release } from '../run/releases';
import type { ImageContents } from '../run/run';

/** What `--image` says the trainer's image holds, before the release is known. */
export type ImageOption = 'official' | { readonly file: string; readonly versions: ReadonlyMap<string, string> };

/** Why an option can't be taken. */
export interface ImageFault {
  readonly fault: string;
}

/** A line of `pip freeze` or `pip list`: a name, and its version. */
const LINE = /^([A-Za-z0-9][\w.-]*)(?:==|[ \t]+)(\d[\w.+!-]*)[ \t]*$/;

/** Reads what `--image` names: the word `official`, or a file as `pip freeze` or `pip list` prints it. */
export function imageOption(text: string): ImageOption | ImageFault {
  if (text === 'official') return text;
  let lines: string[];
  try {
    lines = readFileSync(text, 'utf8').split(/\r?\n/);
  } catch {
    return { fault: 'Neither `official` nor a file that can be read' };
  }
  const found = lines.flatMap((line) => {
    const [, name = '', version = ''] = LINE.exec(line) ?? [];
    return name === '' ? [] : [[packageName(name), version] as const];
  });
  if (found.length === 0) return { fault: `${text} lists no package as pip freeze or pip list prints it` };
  return { file: text, versions: new Map(found) };
}

/** What such an image holds of a release. A list of packages doesn't say whether a compiler is there: it is taken to be. */
export function imageContents(option: ImageOption, release: Release): ImageContents | ImageFault {
  const { image, transformers } = RELEASE_FACTS[release];
  if (option === 'official') {
    return image === undefined
      ? { fault: `no official image of ${release} was published` }
      : { llamafactory: release, transformers, ...image };
  }
  const { file, versions } = option;
  const listed = versions.get('llamafactory');
  if (listed !== undefined && listed !== release) {
    return { fault: `${file} has llamafactory ${listed}, and the run is judged for ${release}: say --llamafactory` };
  }
  return {
    llamafactory: release,
    transformers: versions.get('transformers') ?? transformers,
    ...imagePackages(versions),
    cudaToolkit: true,
  };
}
