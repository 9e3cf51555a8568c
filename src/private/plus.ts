import type * as Plus from 'cdk8s-plus-28';

/** cdk8s-plus-28, loaded when the first object is made: importing this package must not cost its 40 ms. */
export function plus(): typeof Plus {
  return require('cdk8s-plus-28');
}
