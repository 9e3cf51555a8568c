import type { ImagePackages } from './release-table';

/** The packages that have a field of their own, by their names on PyPI. */
const NAMED = {
  deepspeed: 'deepspeed',
  bitsandbytes: 'bitsandbytes',
  'liger-kernel': 'ligerKernel',
  'flash-attn': 'flashAttention',
  tensorboard: 'tensorboard',
} as const satisfies Readonly<Record<string, keyof ImagePackages>>;

/** Whether an image holds a package, by any spelling of its name: `rouge_chinese` is `rouge-chinese`. */
export function holdsPackage(image: ImagePackages, name: string): boolean {
  const plain = packageName(name);
  if (isNamed(plain)) return image[NAMED[plain]] !== undefined;
  return image.packages?.some((each) => packageName(each) === plain) ?? false;
}

/** What is installed, as an image's contents say it. */
export function imagePackages(versions: ReadonlyMap<string, string>): Omit<ImagePackages, 'cudaToolkit'> {
  const names = [...versions.keys()].map(packageName);
  const named = Object.entries(NAMED).flatMap(([name, field]) => {
    const version = versions.get(name);
    return version === undefined ? [] : [[field, version] as const];
  });
  return { ...Object.fromEntries(named), packages: names.filter((name) => !isNamed(name)) };
}

/** The one spelling of a package's name. Source: PyPA, Names and normalization. */
export function packageName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

function isNamed(name: string): name is keyof typeof NAMED {
  return Object.hasOwn(NAMED, name);
}
