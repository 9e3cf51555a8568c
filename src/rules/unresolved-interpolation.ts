import type { Finding } from '../finding';
import { Severity } from '../finding';
import type { Run } from '../run';
import { found, setArgument } from './found';
import type { Rule } from './rule';

/** Text for the model, in which `${` may be meant as it stands. */
const PROSE = 'default_system';
/** OmegaConf's mark of a value that is still to come. */
const MISSING = '???';
const INTERPOLATION = /(?<!\\)\$\{/;

export const rule: Rule = {
  id: 'unresolved-interpolation',
  severity: Severity.ERROR,
  reason:
    'LLaMA-Factory reads its config through OmegaConf without resolving it: `output_dir: saves/${run_name}` writes to a folder of just that name, `${oc.env:MODEL}` is looked for on the hub, and `???` is a value like any other.',
  source: 'src/llamafactory/hparams/parser.py, read_args (OmegaConf.to_container without resolve)',
  check(run) {
    const findings: Finding[] = [];
    for (const key of Object.keys(run.args)) {
      const value = run.args[key];
      const left = key === PROSE ? undefined : leftIn(value);
      if (left !== undefined) findings.push(fault(run, key, value, left));
    }
    return findings;
  },
};

function fault(run: Run, key: string, value: unknown, left: string): Finding {
  const meant = left === value ? resolved(run, left) : undefined;
  const message =
    left === MISSING
      ? `\`${key}\` still holds OmegaConf's placeholder \`${MISSING}\`, which LLaMA-Factory takes for the value`
      : `\`${key}\` has an interpolation, which LLaMA-Factory leaves as it stands`;
  const mended = meant === undefined ? { change: 'write the value itself' } : { fix: [setArgument(run, key, meant)] };
  return found(rule, run, { key, message, got: left, ...mended });
}

/** The first text in a value that OmegaConf would have something to do with. */
function leftIn(value: unknown): string | undefined {
  if (typeof value === 'string')
    return value === MISSING || (value.includes('${') && INTERPOLATION.test(value)) ? value : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const part of Object.values(value)) {
    const left = leftIn(part);
    if (left !== undefined) return left;
  }
  return undefined;
}

/** What the text would be if it names nothing but arguments with plain values. */
function resolved(run: Run, text: string): unknown {
  const whole = /^\$\{\s*(\w+)\s*\}$/.exec(text)?.[1];
  const plain = (name: string) => {
    const value = Object.hasOwn(run.args, name) ? run.args[name] : undefined;
    return ['string', 'number', 'boolean'].includes(typeof value) ? value : undefined;
  };
  const value =
    whole === undefined ? text.replace(/\$\{\s*(\w+)\s*\}/g, (all, name) => String(plain(name) ?? all)) : plain(whole);
  return leftIn(value) === undefined ? value : undefined;
}
