import { isIP } from 'node:net';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, it } from 'vitest';
import { parseCidr } from '../../../src/common/cidr.js';
import { canonicalIp, canonicalNetipAddress } from '../../../src/common/ip.js';

/** Many zeros, so that runs of them are common; often IPv4-mapped. */
const group = fc.oneof(fc.constant(0), fc.constant(0xffff), fc.integer({ min: 0, max: 0xffff }));
const groups = fc.oneof(
  fc.array(group, { minLength: 8, maxLength: 8 }),
  fc.tuple(group, group).map((tail) => [0, 0, 0, 0, 0, 0xffff, ...tail]),
);

const isMapped = (all: readonly number[]): boolean =>
  all.slice(0, 5).every((one) => one === 0) && all[5] === 0xffff;
const dotted = (all: readonly number[]): string =>
  all
    .slice(6)
    .flatMap((one) => [one >> 8, one & 255])
    .join('.');
const oracle = (all: number[]): string => new ipaddr.IPv6(all).toRFC5952String();

/** Any legal spelling: digits of either case, leading zeros, a dotted quad at the end, `::` for any run of zeros. */
const spelling = fc
  .record({
    all: groups,
    upper: fc.boolean(),
    width: fc.integer({ min: 1, max: 4 }),
    quad: fc.boolean(),
    cut: fc.option(fc.tuple(fc.nat(7), fc.integer({ min: 1, max: 8 }))),
  })
  .map(({ all, upper, width, quad, cut }) => {
    const fields = all.map((one) => one.toString(16).padStart(width, '0'));
    if (quad) fields.splice(6, 2, dotted(all));
    let text = fields.join(':');
    const [from, length] = cut ?? [0, 0];
    const isRun = length > 0 && from + length <= fields.length && !(quad && from + length > 6);
    if (isRun && all.slice(from, from + length).every((one) => one === 0)) {
      text = fields.slice(0, from).join(':') + '::' + fields.slice(from + length).join(':');
    }
    return { all, text: upper ? text.toUpperCase() : text };
  });

describe('IP addresses', () => {
  it('have one canonical text, whatever their spelling', () => {
    fc.assert(
      fc.property(spelling, ({ all, text }) => {
        expect(canonicalIp(text)).toBe(isMapped(all) ? dotted(all) : oracle(all));
        expect(canonicalNetipAddress(text)).toBe(isMapped(all) ? '::ffff:' + dotted(all) : oracle(all));
        expect(canonicalNetipAddress(text + '%zone')).toBe(canonicalNetipAddress(text) + '%zone');
        expect(canonicalIp(text + '%zone')).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
  });

  it('are canonical once they are printed', () => {
    fc.assert(
      fc.property(spelling, ({ text }) => {
        for (const canonical of [canonicalIp, canonicalNetipAddress]) {
          const printed = canonical(text)!;
          expect(canonical(printed)).toBe(printed);
        }
      }),
    );
  });

  /** Go 1.22 also takes groups of more than four digits; those are in the tables of the unit test. */
  const longGroup = /[0-9a-f]{5}/i;
  const pieces = fc.constantFrom(
    '0',
    '1',
    '9',
    '25',
    '255',
    '256',
    '01',
    'f',
    'ffff',
    'g',
    '.',
    ':',
    '::',
    '%',
    ' ',
    '/',
  );
  const nearMiss = fc.array(pieces, { maxLength: 17 }).map((parts) => parts.join(''));
  const quads = fc
    .array(fc.integer({ min: 0, max: 299 }), { minLength: 3, maxLength: 5 })
    .map((parts) => parts.join('.'));

  it('are what the system takes for addresses too', () => {
    fc.assert(
      fc.property(fc.oneof(nearMiss, quads, fc.ipV4(), fc.ipV6()), (text) => {
        fc.pre(!longGroup.test(text) && !text.includes('%'));
        expect(canonicalIp(text) !== undefined).toBe(isIP(text) !== 0);
        expect(canonicalNetipAddress(text) !== undefined).toBe(isIP(text) !== 0);
      }),
      { numRuns: 3000 },
    );
  });
});

describe(parseCidr.name, () => {
  const toBigInt = (all: readonly number[]): bigint =>
    all.reduce((sum, one) => sum * 65536n + BigInt(one), 0n);
  const toGroups = (value: bigint): number[] =>
    Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn));
  const maskOf = (bits: number, size: number): bigint => ((1n << BigInt(bits)) - 1n) << BigInt(size - bits);
  const base64 = (mask: bigint, size: number): string =>
    Buffer.from(mask.toString(16).padStart(size / 4, '0'), 'hex').toString('base64');

  it('clears the host bits of IPv6', () => {
    fc.assert(
      fc.property(spelling, fc.integer({ min: 0, max: 128 }), ({ all, text }, bits) => {
        const network = toGroups(toBigInt(all) & maskOf(bits, 128));
        const mapped = isMapped(network);

        expect(parseCidr(`${text}/${bits}`)).toEqual({
          family: mapped ? 4 : 6,
          ip: mapped ? dotted(network) : oracle(network),
          mask: base64(maskOf(bits, 128), 128),
        });
      }),
      { numRuns: 500 },
    );
  });

  it('clears the host bits of IPv4', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 0, max: 32 }), (text, bits) => {
        const [ip] = ipaddr.IPv4.networkAddressFromCIDR(`${text}/${bits}`).toString().split('/');

        expect(parseCidr(`${text}/${bits}`)).toEqual({ family: 4, ip, mask: base64(maskOf(bits, 32), 32) });
      }),
    );
  });
});
