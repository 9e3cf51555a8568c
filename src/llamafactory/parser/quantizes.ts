import { isNone } from './model';
import { equal } from './python';
import type { State } from './state';

/** Whether a model is quantised by a method when it is loaded. */
export function quantizes(values: State['values'], method: string): boolean {
  return !isNone(values['quantization_bit']) && equal(values['quantization_method'], method);
}
