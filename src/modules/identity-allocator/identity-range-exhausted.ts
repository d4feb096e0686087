import type { IdentityRange } from './identity-range.js';

/** Every number of the range is taken; the operator's garbage collection may free some. */
export class IdentityRangeExhausted extends Error {
  constructor({ min, max }: IdentityRange) {
    super(`no free identity is left in ${min}..${max}`);
    this.name = 'IdentityRangeExhausted';
  }
}
