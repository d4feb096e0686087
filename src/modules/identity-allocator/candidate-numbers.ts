import { createHash } from 'node:crypto';
import type { Bytes } from '../../common/bytes.js';
import type { IdentityRange } from './identity-range.js';

const numbersPerDigest = 8;
const digests = 8;

/**
 * The numbers to try for these labels, in order: spread evenly over the range like random ones, but the same for every
 * allocator of this kind. Two of them that allocate for the same labels at once therefore ask for the same object, of which
 * the API server creates one: in CRD mode there is no other lock. Ends with every number of the range, for a crowded one.
 */
export function* candidateNumbers(key: Bytes, { min, max }: IdentityRange): Generator<number> {
  const size = max - min + 1;
  for (let round = 0; round < digests; round++) {
    const digest = createHash('sha256').update(`${round};`).update(key, 'latin1').digest();
    for (let i = 0; i < numbersPerDigest; i++) yield min + (digest.readUInt32BE(i * 4) % size);
  }
  for (let number = min; number <= max; number++) yield number;
}
