import { isGiven } from '../../../llamafactory/effective-arguments';
import { Severity } from '../../../run/finding';
import { found } from '../../found';
import type { Rule } from '../../rule';

export const rule: Rule = {
  id: 'image-lacks-package',
  severity: Severity.ERROR,
  reason:
    'LLaMA-Factory looks for the packages a run needs before anything else, and stops if one is missing; a tracker is looked for when the model is loaded. bitsandbytes is not asked for here: the prepare Job installs it.',
  source:
    'src/llamafactory/hparams/parser.py, _check_extra_dependencies; transformers: src/transformers/integrations/integration_utils.py, TensorBoardCallback',
  check(run) {
    const { image } = run;
    if (image === undefined) return [];
    return [
      ...(image.deepspeed === undefined && isGiven(run, 'deepspeed')
        ? [
            found(rule, run, {
              key: 'deepspeed',
              message: 'the run has a DeepSpeed config, and the image has no DeepSpeed',
              change: 'take an image with DeepSpeed, or train without a DeepSpeed config',
            }),
          ]
        : []),
      ...(image.tensorboard === undefined && [run.args['report_to']].flat().includes('tensorboard')
        ? [
            found(rule, run, {
              key: 'report_to',
              message:
                'the run reports to TensorBoard, and the image has no tensorboard: it dies when the model is loaded',
              change:
                "take an image that has it (images/trainer) and say so: TrainerImage.custom(…, { tensorboard: '2.20.0' }), or report to none",
            }),
          ]
        : []),
    ];
  },
};
