import { Severity } from '../../../run/finding';
import { found } from '../../found';
import type { Rule } from '../../rule';
import { secretArguments } from '../../secrets';

/** The variables from which the libraries read what the argument would say. */
const READ_FROM: Readonly<Record<string, string>> = {
  hf_hub_token: 'HF_TOKEN',
  hub_token: 'HF_TOKEN',
  push_to_hub_token: 'HF_TOKEN',
  ms_hub_token: 'MODELSCOPE_API_TOKEN',
  swanlab_api_key: 'SWANLAB_API_KEY',
};

/** What to do with a secret that is an argument. */
export function insteadOf(argument: string): string {
  const variable = Object.hasOwn(READ_FROM, argument) ? READ_FROM[argument] : undefined;
  if (variable !== undefined) {
    return `take it out, and put it into a Secret: the trainer reads ${variable}, which podTemplate gives it (env with valueFrom.secretKeyRef); for what is fetched, Source takes a hub's token from a Secret`;
  }
  return "take it out: the trainer reads it from the config alone, which a ConfigMap shows; for what is fetched, Source takes a hub's token from a Secret";
}

export const rule: Rule = {
  id: 'secret-argument',
  severity: Severity.ERROR,
  reason:
    'A token or key in the train config stands in a file that is kept in a repository, and in a ConfigMap that whoever may read the namespace reads.',
  source:
    'src/llamafactory/train/trainer_utils.py, get_swanlab_callback; huggingface_hub, modelscope and swanlab: the variables they read',
  check(run) {
    return [...secretArguments(run.args)].map(([key, { kind }]) =>
      found(rule, run, {
        key,
        message: 'a secret stands in the train config, for everybody who may read the file or the ConfigMap it goes to',
        got: `what looks like ${kind}`,
        change: insteadOf(key),
      }),
    );
  },
};
