const two32 = 2 ** 32;

/** Go's conversion of an integer to an unsigned one of fewer bits: what does not fit wraps. Anything but an integer is 0. */
export function wrapUint(value: unknown, bits: 8 | 16 | 32): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) return 0;
  const modulus = bits === 32 ? two32 : 1 << bits;
  const rest = value % modulus;
  return rest < 0 ? rest + modulus : rest + 0;
}
