import { describe, expect, it } from 'vitest';
import { canonicalBackendAddress, canonicalIp, canonicalNetipAddress } from '../../../src/common/ip.js';

/** Text, as net.IP prints it, as netip prints it. The first block are the examples of spec/k8s-sync.md §7. */
const good: [string, string, string][] = [
  ['::ffff:10.1.2.3', '10.1.2.3', '::ffff:10.1.2.3'],
  ['::ffff:0a01:0203', '10.1.2.3', '::ffff:10.1.2.3'],
  ['::FFFF:0:0', '0.0.0.0', '::ffff:0.0.0.0'],
  ['::10.1.2.3', '::a01:203', '::a01:203'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221', '64:ff9b::c000:221'],
  ['::00000', '::', '::'],

  ['0.0.0.0', '0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255', '255.255.255.255'],
  ['::', '::', '::'],
  ['::1', '::1', '::1'],
  ['1::', '1::', '1::'],
  ['FD00:0:0:0::00AB', 'fd00::ab', 'fd00::ab'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0', '1:2:3:4:5:6:7:0'],
  ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
  ['1:0:0:2:0:0:0:3', '1:0:0:2::3', '1:0:0:2::3'],
  ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304', '1:2:3:4:5:6:102:304'],
  ['1:2:3:4:5::1.2.3.4', '1:2:3:4:5:0:102:304', '1:2:3:4:5:0:102:304'],
];

const bad = [
  '',
  ' ',
  '.',
  ':',
  '%',
  'x',
  'not-an-ip',
  '1',
  '10.1',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.',
  '.1.2.3',
  '1..2.3',
  '010.0.0.1',
  '00.0.0.1',
  '1.2.3.04',
  '256.1.1.1',
  '10.0.0.256',
  '1.2.3.4 ',
  ' 1.2.3.4',
  '1.2.3.4\n',
  '0x1.2.3.4',
  '1.2.3.4/24',
  '1.2.3.4%eth0',
  '-1.2.3.4',
  '1.2.3.a',
  '[::1]',
  '::g',
  ':::',
  '::1::',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  '1::2:3:4:5:6:7:8',
  ':1:2:3:4:5:6:7',
  '10000::',
  '::1/64',
  '%eth0',
  'a%b:c',
  '::1.2.3',
  '::1.2.3.256',
  '::01.2.3.4',
  '::1.2.3.4:5',
  '1:2:3:4:5:6:7:1.2.3.4',
  '1:2:3:4:5:6:7:8.9.1.2',
  '1:1.2.3.4',
  '1::2:3:4:5:6:7:1.2.3.4',
  '1::2:3:4:5:6:1.2.3.4',
  '1.2.3.4:5',
  '::ffff:1.2.3.4 ',
  '\u0661::',
  '1:2:3:4:5:6:7:8\u0000',
];

describe(canonicalIp.name, () => {
  for (const [text, expected] of good) it(`reads ${text}`, () => expect(canonicalIp(text)).toBe(expected));

  for (const text of [...bad, 'fe80::1%eth0', '10.1.0.1@5']) {
    it(`refuses ${JSON.stringify(text)}`, () => expect(canonicalIp(text)).toBeUndefined());
  }
});

describe(canonicalNetipAddress.name, () => {
  for (const [text, , expected] of good)
    it(`reads ${text}`, () => expect(canonicalNetipAddress(text)).toBe(expected));

  for (const text of [...bad, 'fe80::1%']) {
    it(`refuses ${JSON.stringify(text)}`, () => expect(canonicalNetipAddress(text)).toBeUndefined());
  }

  it('keeps zones', () => {
    expect(canonicalNetipAddress('FE80::1%eth0')).toBe('fe80::1%eth0');
    expect(canonicalNetipAddress('::ffff:1.2.3.4%Ä %')).toBe('::ffff:1.2.3.4%Ä %');
  });
});

describe(canonicalBackendAddress.name, () => {
  it('drops a cluster id', () => {
    expect(canonicalBackendAddress('10.1.0.1@5')).toBe('10.1.0.1');
    expect(canonicalBackendAddress('FD10::A@4294967295')).toBe('fd10::a');
    expect(canonicalBackendAddress('fe80::1%a@b@7')).toBe('fe80::1%a@b');
    expect(canonicalBackendAddress('10.1.0.1')).toBe('10.1.0.1');
  });

  for (const text of [
    '10.1.0.10@',
    '@5',
    '10.1.0.1@-1',
    '10.1.0.1@+1',
    '10.1.0.1@x',
    '10.1.0.1@4294967296',
  ]) {
    it(`refuses ${text}`, () => expect(canonicalBackendAddress(text)).toBeUndefined());
  }
});
