import { zero3Config } from '../../deepspeed/zero3-config';
import type { DeepSpeedZero3Props } from '../../deepspeed/zero3-props';
import { camelCase } from '../../llamafactory/fields';
import { isMapping, type Mapping } from '../../run/run';
import { differences } from './changes';

/** A DeepSpeed JSON as the construct says it. */
export interface Zero3Import {
  readonly props: DeepSpeedZero3Props;
  /** What the construct writes for these props. */
  readonly config: Mapping;
  /** The keys in which that differs from the JSON. */
  readonly differences: readonly Zero3Difference[];
}

/** A key in which what the construct writes differs from a JSON. */
export interface Zero3Difference {
  readonly key: string;
  readonly from: unknown;
  readonly to: unknown;
  readonly why: string;
  /** Whether what the JSON says stands nowhere any more. */
  readonly isLost: boolean;
}

/** Sections that the Trainer fills in, and stops where they contradict its arguments. */
const FOLLOWS =
  /^(train_batch_size|train_micro_batch_size_per_gpu|gradient_accumulation_steps|gradient_clipping|(fp16|bf16)(\.enabled)?|optimizer(\.params(\..*)?)?)$/;

/** Options of `zero_optimization` that the construct's props say otherwise. */
const OTHERWISE = new Set(['stage', 'offload_optimizer', 'offload_param']);

/** Buffers of the two offload sections. */
const OFFLOAD: Readonly<Record<string, readonly string[]>> = {
  offload_optimizer: ['buffer_count', 'ratio'],
  offload_param: ['buffer_count', 'buffer_size', 'max_in_cpu'],
};

const LOSS_SCALING = ['loss_scale', 'initial_scale_power', 'loss_scale_window', 'hysteresis', 'min_loss_scale'];

/** A ZeRO-3 JSON as props, those that are the construct's defaults left out; undefined for another stage. */
export function zero3Props(json: Mapping): Zero3Import | undefined {
  const zero = json['zero_optimization'];
  if (!isMapping(zero) || zero['stage'] !== 3) return undefined;
  const props = withoutDefaults({ ...offloads(zero), ...options(zero), ...optimizer(json), ...fp16(json) });
  const config = zero3Config(props);
  const found = differences(json, config).map((each) => ({ ...each, ...reasonOf(each) }));
  return { props, config, differences: found };
}

function reasonOf({ key, from, to }: Pick<Zero3Difference, 'key' | 'from' | 'to'>) {
  if (FOLLOWS.test(key) && to !== undefined) {
    const why = 'it follows the train arguments, and the Trainer stops where the two contradict each other';
    return { why, isLost: false };
  }
  if (key === 'zero_allow_untested_optimizer') {
    return {
      why: "without an optimizer section the optimizer is the Trainer's own, which DeepSpeed refuses otherwise",
      isLost: false,
    };
  }
  if (from === undefined) {
    return { why: key.endsWith('.pin_memory') ? "DeepSpeed's default" : "the construct's default", isLost: false };
  }
  if (to === undefined) return { why: 'the construct has no such prop', isLost: from !== null };
  return { why: "the construct's default, since its prop takes no such value", isLost: from !== null };
}

function offloads(zero: Mapping): Mapping {
  const props: Record<string, unknown> = {};
  for (const [section, buffers] of Object.entries(OFFLOAD)) {
    const offload = zero[section];
    if (!isMapping(offload) || offload['device'] !== 'cpu') continue;
    props[camelCase(section)] = true;
    if ((offload['pin_memory'] ?? false) === false) props['pinMemory'] = false;
    for (const buffer of buffers) {
      if (typeof offload[buffer] === 'number') props[camelCase(`${section}_${buffer}`)] = offload[buffer];
    }
  }
  return props;
}

/** Options that have a prop of their name: the construct writes what it is given. */
function options(zero: Mapping): Mapping {
  const given = Object.entries(zero).filter(
    ([key, value]) => !OTHERWISE.has(key) && (typeof value === 'number' || typeof value === 'boolean'),
  );
  return Object.fromEntries(
    given.flatMap(([key, value]) => {
      const prop = camelCase(key);
      const written = zero3Config({ [prop]: value })['zero_optimization'];
      return isMapping(written) && written[key] === value ? [[prop, value]] : [];
    }),
  );
}

function optimizer(json: Mapping): Mapping {
  const section = json['optimizer'];
  if (section === undefined) return { optimizer: '' };
  return isMapping(section) && typeof section['type'] === 'string' ? { optimizer: section['type'] } : {};
}

function fp16(json: Mapping): Mapping {
  const section = json['fp16'];
  if (!isMapping(section)) return {};
  const defaults = zero3Config({})['fp16'] as Mapping;
  const own = LOSS_SCALING.filter((key) => typeof section[key] === 'number' && section[key] !== defaults[key]);
  return own.length === 0 ? {} : { fp16: Object.fromEntries(own.map((key) => [camelCase(key), section[key]])) };
}

/** The props that make a difference. */
function withoutDefaults(props: Mapping): DeepSpeedZero3Props {
  const whole = JSON.stringify(zero3Config(props));
  return Object.fromEntries(
    Object.entries(props).filter(([key]) => {
      const { [key]: _, ...others } = props;
      return JSON.stringify(zero3Config(others)) !== whole;
    }),
  );
}
