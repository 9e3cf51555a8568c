import { rule } from '../../../../src/judge/rules/deepspeed/deepspeed-inert-section';
import { EditOperation, Severity } from '../../../../src/run/finding';
import { deepspeed, ruleCases } from '../rule-cases';

const remove = (key: string) => ({ file: 'ds.json', key, op: EditOperation.REMOVE });

ruleCases(rule, {
  failing: {
    activation_checkpointing: {
      ...deepspeed({ activation_checkpointing: { cpu_checkpointing: true } }),
      finds: [
        { key: 'activation_checkpointing', severity: Severity.WARNING, fix: [remove('activation_checkpointing')] },
      ],
    },
    'an option of stages 1 and 2 in stage 3': {
      ...deepspeed({ zero_optimization: { stage: 3, round_robin_gradients: true } }),
      finds: [
        { key: 'zero_optimization.round_robin_gradients', fix: [remove('zero_optimization.round_robin_gradients')] },
      ],
    },
    'options of stage 3 in stage 2': {
      ...deepspeed({ zero_optimization: { stage: 2, stage3_max_live_parameters: 1e9, offload_param: {} } }),
      finds: [{ key: 'zero_optimization.stage3_max_live_parameters' }, { key: 'zero_optimization.offload_param' }],
    },
  },
  passing: {
    'stage 3 with options of its own': deepspeed({
      zero_optimization: { stage: 3, stage3_max_live_parameters: 1e9, sub_group_size: 1e9, overlap_comm: true },
    }),
    'stage 2 with options of its own': deepspeed({
      zero_optimization: { stage: 2, round_robin_gradients: true, allgather_bucket_size: 5e8 },
    }),
    'a stage that is not known': deepspeed({ zero_optimization: { stage: 'auto', round_robin_gradients: true } }),
    'no DeepSpeed': {},
  },
});
