import { type Finding, Severity } from '../../../run/finding';
import type { Run } from '../../../run/run';
import { found, setArgument } from '../../found';
import type { Rule } from '../../rule';
import { textIn } from '../../text-in';

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
  everyKind: true,
  check(run) {
    const findings: Finding[] = [];
    for (const key of Object.keys(run.args)) {
      const value = run.args[key];
      const left = key === PROSE ? undefined : textIn(value, isLeft);
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

/** Whether OmegaConf would have something to do with a text. */
function isLeft(text: string): boolean {
  return text === MISSING || (text.includes('${') && INTERPOLATION.test(text));
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
  return textIn(value, isLeft) === undefined ? value : undefined;
}
