import { Severity } from '../../run/finding';
import { holdsPackage } from '../../run/image-packages';
import { remove } from './edits';
import { truthy } from './python';
import type { ParserRule, State } from './state';

const SOURCE = 'src/llamafactory/hparams/parser.py, _check_extra_dependencies';

/** What asks for packages that LLaMA-Factory does not bring itself. */
interface PackageNeed extends Partial<Pick<ParserRule, 'releases' | 'source'>> {
  /** The argument that needs them. */
  readonly key: string;
  /** Their names on PyPI; all of them are needed. */
  readonly names: readonly string[];
  /** What needs them, in words. */
  readonly what?: string;
  /** @default - the argument is on */
  needed?(state: State): boolean;
  /** False: to take the argument out is no way to train the same, so it is not proposed. */
  readonly removable?: false;
  /** True: most installations have them, so that nothing is said where the image isn't known. */
  readonly usual?: true;
}

/**
 * Packages that must be in the image. Where the image isn't known, nothing is refused: it is a warning.
 */
export function needsPackages({ key, names, what, needed, removable, usual, ...rest }: PackageNeed): ParserRule {
  const lacking = ({ input }: State) =>
    names.filter((name) => input.image === undefined || !holdsPackage(input.image, name));
  return {
    id: 'package-missing',
    keys: [key],
    title: 'an argument needs a package that is not in the image, or the image is not known',
    source: SOURCE,
    ...rest,
    message(state) {
      const list = listed(lacking(state));
      const asks = `${what ?? `\`${key}\``} needs ${list}`;
      return state.input.image === undefined
        ? `${asks}: what the image holds is not known here`
        : `${asks}, which the image does not hold`;
    },
    upstream: (state) => `No package metadata was found for ${lacking(state)[0]}`,
    severity: ({ input }) => (input.image === undefined ? Severity.WARNING : Severity.ERROR),
    refuses(state) {
      if (usual && state.input.image === undefined) return false;
      return (needed?.(state) ?? truthy(state.values[key])) && lacking(state).length > 0;
    },
    fix: (state) => (state.input.image === undefined || removable === false ? [] : remove(state, key)),
    change: 'take an image that holds it, and say what it holds (TrainerImage.custom, or --image)',
  };
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
