import { describe, expect, it } from 'vitest';
import { cidrJson, parseCidr } from '../../../src/common/cidr.js';

describe(parseCidr.name, () => {
  /** The tables of spec/k8s-sync.md §7. */
  const masks: [string, string][] = [
    ['10.1.2.3/0', 'AAAAAA=='],
    ['10.1.2.3/8', '/wAAAA=='],
    ['10.1.2.3/9', '/4AAAA=='],
    ['10.1.2.3/16', '//8AAA=='],
    ['10.1.2.3/24', '////AA=='],
    ['10.1.2.3/25', '////gA=='],
    ['10.1.2.3/27', '////4A=='],
    ['10.1.2.3/32', '/////w=='],
    ['fd00::/0', 'AAAAAAAAAAAAAAAAAAAAAA=='],
    ['fd00::/64', '//////////8AAAAAAAAAAA=='],
    ['fd00::/112', '//////////////////8AAA=='],
    ['fd00::/128', '/////////////////////w=='],
  ];
  for (const [text, mask] of masks)
    it(`has the mask of ${text}`, () => expect(parseCidr(text)?.mask).toBe(mask));

  const networks: [string, 4 | 6, string][] = [
    ['10.1.2.3/0', 4, '0.0.0.0'],
    ['255.255.255.255/1', 4, '128.0.0.0'],
    ['10.200.2.3/9', 4, '10.128.0.0'],
    ['10.1.2.3/32', 4, '10.1.2.3'],
    ['10.1.2.3/08', 4, '10.0.0.0'],
    ['fd00::1/064', 6, 'fd00::'],
    ['fd00::/1', 6, '8000::'],
    ['2001:db8:ffff::1/33', 6, '2001:db8:8000::'],
    ['::ffff:10.9.8.7/40', 6, '::'],
  ];
  for (const [text, family, ip] of networks) {
    it(`has the network of ${text}`, () => expect(parseCidr(text)).toMatchObject({ family, ip }));
  }

  it('prints an IPv4-mapped network as IPv4 with a mask of 16 bytes', () => {
    const expected = { family: 4, ip: '10.9.8.0', mask: '////////////////////AA==' };

    expect(parseCidr('::ffff:10.9.8.7/120')).toEqual(expected);
  });

  const bad = [
    '',
    '/',
    '10.1.2.3',
    '10.1.2.3/',
    '10.1.2.3/33',
    '10.1.2.3/-1',
    '10.1.2.3/+1',
    '10.1.2.3/ 8',
    '10.1.2.3/8 ',
  ];
  for (const text of [...bad, '10.1/8', '::/129', 'fe80::%eth0/64', '010.0.0.0/8', '10.1.2.3/8/8', 'x/8']) {
    it(`refuses ${JSON.stringify(text)}`, () => expect(parseCidr(text)).toBeUndefined());
  }
});

describe(cidrJson.name, () => {
  it('is null for none', () => {
    expect(cidrJson(undefined)).toBe('null');
    expect(cidrJson(parseCidr('10.1.0.0/24'))).toBe('{"IP":"10.1.0.0","Mask":"////AA=="}');
  });
});
