import { renderZero3, type Zero3 } from '../../src/deepspeed/zero3';

const config = (changes: Partial<Zero3> = {}): Zero3 => ({
  offloadOptimizer: false,
  offloadParam: false,
  pinMemory: true,
  optimizer: undefined,
  fp16: { loss_scale: 0 },
  zero: { overlap_comm: true },
  offloadOptimizerOptions: {},
  offloadParamOptions: {},
  ...changes,
});
const zeroOf = (changes: Partial<Zero3>) => renderZero3(config(changes))['zero_optimization'];

test.each(['train_batch_size', 'train_micro_batch_size_per_gpu', 'gradient_accumulation_steps', 'gradient_clipping'])(
  '%s is "auto": a missing key would never be filled in',
  (key) => {
    expect(renderZero3(config())[key]).toBe('auto');
  },
);

test('the precision follows the train arguments', () => {
  expect(renderZero3(config())).toEqual(
    expect.objectContaining({ fp16: { enabled: 'auto', loss_scale: 0 }, bf16: { enabled: 'auto' } }),
  );
});

test('the optimizer’s numbers follow the train arguments', () => {
  expect(renderZero3(config({ optimizer: 'AdamW' }))['optimizer']).toEqual({
    type: 'AdamW',
    params: { lr: 'auto', betas: 'auto', eps: 'auto', weight_decay: 'auto' },
  });
});

test('without an optimizer there is no section for it', () => {
  expect(renderZero3(config())).not.toHaveProperty('optimizer');
});

test('the stage is 3, and options that are undefined are left out', () => {
  expect(zeroOf({ zero: { overlap_comm: false, sub_group_size: undefined } })).toEqual({
    stage: 3,
    overlap_comm: false,
  });
});

test('an offloaded optimizer is told its memory and buffers', () => {
  const offloadOptimizerOptions = { buffer_count: 5, ratio: undefined };
  expect(zeroOf({ offloadOptimizer: true, pinMemory: false, offloadOptimizerOptions })).toEqual({
    stage: 3,
    overlap_comm: true,
    offload_optimizer: { device: 'cpu', pin_memory: false, buffer_count: 5 },
  });
});

test('offloaded weights are told their memory and buffers', () => {
  expect(zeroOf({ offloadParam: true, offloadParamOptions: { buffer_size: 1e8 } })).toEqual({
    stage: 3,
    overlap_comm: true,
    offload_param: { device: 'cpu', pin_memory: true, buffer_size: 1e8 },
  });
});

test('buffers of what is not offloaded are not written', () => {
  expect(zeroOf({ offloadParamOptions: { buffer_size: 1 }, offloadOptimizerOptions: { ratio: 1 } })).toEqual({
    stage: 3,
    overlap_comm: true,
  });
});
