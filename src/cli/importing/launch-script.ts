/** What a script that starts the trainer sets plainly. */
export interface LaunchSettings {
  /** Variables set to a value that needs no shell to be known; of several values the last. */
  readonly variables: ReadonlyMap<string, string>;
  /** Those of them that the trainer sees: exported, or set on the line of a command. */
  readonly exported: ReadonlySet<string>;
  /** Variables whose value only a shell knows: `"$PWD:$PYTHONPATH"`. */
  readonly computed: readonly string[];
  /** GPUs, as CUDA_VISIBLE_DEVICES, NPROC_PER_NODE or an option of torchrun or deepspeed says; undefined: none says. */
  readonly gpus?: number;
  /** Nodes, as NNODES or an option says. */
  readonly nodes?: number;
  /** Arguments after the train config's name, which replace those in the file. */
  readonly overrides: readonly string[];
  /** Variables that are named somewhere else: in a condition, a loop, a function, or in the middle of a line. */
  readonly conditional: readonly string[];
  /** Options of the command that trains, but for those that say how many GPUs and nodes there are. */
  readonly options: readonly string[];
}

/** A name, `=`, and a value without anything that a shell would replace; then a blank, a semicolon or the end. */
const PLAIN = /^([A-Za-z_]\w*)=("[^"$`\\]*"|'[^']*'|[^\s"'$`;&|()<>\\*?~[\]{}]*)(?=$|[\s;&])/;
/** What begins a training. */
export const STARTS_TRAINING = /llamafactory-cli|torchrun|\bdeepspeed\b|accelerate\s+launch|src\/train(?:_bash)?\.py/;

/** An assignment anywhere. */
const MENTIONED = /(?:^|[\s;&|(])([A-Za-z_]\w*)=/g;
const COUNTS = /^--(?:n(?:proc)[-_]per[-_]node|num[-_]gpus|nnodes)$/;
const ANY = /^([A-Za-z_]\w*)=/;

/**
 * Reads what a launch script assigns at the beginning of its lines. What stands inside `if`, loops and functions is
 * indented, and left alone: whether it runs is not known.
 */
export function launchSettings(script: string): LaunchSettings {
  const variables = new Map<string, string>();
  const exported = new Set<string>();
  const computed = new Set<string>();
  const overrides: string[] = [];
  const options = new Map<string, number>();
  const mentioned = new Set<string>();
  const others = new Set<string>();
  for (const line of script.replaceAll('\r\n', '\n').replace(/\\\n/g, ' ').split('\n')) {
    for (const [, name = ''] of line.replace(/^\s*#.*/, '').matchAll(MENTIONED)) mentioned.add(name);
    if (STARTS_TRAINING.test(line)) {
      for (const [, option = '', count] of line.matchAll(/(?:^|\s)(--?[A-Za-z][\w-]*)(?:[ =](\d+))?/g)) {
        if (count === undefined || !COUNTS.test(option)) others.add(option);
      }
    }
    if (/^\s/.test(line)) continue;
    const { names, command, apart } = assignments(line, variables, computed);
    if (/^export\s/.test(line) || (command !== '' && !apart)) for (const name of names) exported.add(name);
    overrides.push(...overridesOf(command));
    for (const [, name = '', count] of command.matchAll(/--(n(?:proc)[-_]per[-_]node|num[-_]gpus|nnodes)[ =](\d+)/g)) {
      options.set(name.replaceAll('-', '_'), Number(count));
    }
  }
  const whole = (name: string) => (/^\d+$/.test(variables.get(name) ?? '') ? Number(variables.get(name)) : undefined);
  return {
    variables,
    exported,
    computed: [...computed].filter((name) => !variables.has(name)),
    gpus:
      devices(variables.get('CUDA_VISIBLE_DEVICES')) ??
      options.get('nproc_per_node') ??
      options.get('num_gpus') ??
      whole('NPROC_PER_NODE'),
    nodes: options.get('nnodes') ?? whole('NNODES'),
    overrides,
    conditional: [...mentioned].filter(
      (name) => !variables.has(name) && !computed.has(name) && !overrides.some((each) => each.startsWith(`${name}=`)),
    ),
    options: [...others],
  };
}

/** Takes the assignments off a line's beginning, and answers the rest and whether it is a command apart from them. */
function assignments(line: string, variables: Map<string, string>, computed: Set<string>) {
  const names: string[] = [];
  let rest = line.replace(/^export\s+/, '');
  let apart = false;
  for (let found = PLAIN.exec(rest); found !== null; found = PLAIN.exec(rest)) {
    const [whole, name = '', value = ''] = found;
    variables.set(name, value.replace(/^(["'])(.*)\1$/, '$2'));
    names.push(name);
    const [separator = ''] = /^[\s;&]*/.exec(rest.slice(whole.length)) ?? [];
    apart ||= /[;&]/.test(separator);
    rest = rest.slice(whole.length + separator.length).replace(/^(?:#.*|export\s+)/, '');
  }
  const other = ANY.exec(rest)?.[1];
  if (other !== undefined) computed.add(other);
  return { names, command: rest, apart };
}

/** `train config.yaml learning_rate=1e-5`: what follows the file. */
function overridesOf(command: string): string[] {
  const after = behindConfig(command);
  return [...after.matchAll(/(?:^|\s)((?:--)?[a-z]\w*=[^\s;&|]*)/g)].map(([, override = '']) => override);
}

/** What follows the first `train config.yaml` of a command. */
function behindConfig(command: string): string {
  for (const { 0: train, 1: word = '', index } of command.matchAll(/\btrain\s+(?=(\S+))/g)) {
    const ending = [...word.matchAll(/\.ya?ml\b/g)].at(-1);
    if (ending !== undefined) return command.slice(index + train.length + ending.index + ending[0].length);
  }
  return '';
}

function devices(list: string | undefined): number | undefined {
  const names = (list ?? '').split(',').filter((name) => name.trim() !== '');
  return names.length > 0 ? names.length : undefined;
}
