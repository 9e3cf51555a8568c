/** Prints the shapes of the planner's models as JSON, for tools/count-parameters.py and tools/gpu. */
import { MODELS } from '../src/planning/catalog/models';

console.log(JSON.stringify(MODELS));
