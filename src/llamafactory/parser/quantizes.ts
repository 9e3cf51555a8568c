import { isNone } from './model';
import { equal } from './python';
import type { State } from './state';

/** Whether the arguments ask for a model to be quantised by a method as it is loaded. */
export function asksToQuantize(values: State['values'], method: string): boolean {
  return !isNone(values['quantization_bit']) && equal(values['quantization_method'], method);
}
