import { describe, expect, it } from 'vitest';
import { addressPairs, nodeIp } from '../../../src/modules/external-workloads/node-ip.js';

const addresses = (...texts: string[]) =>
  texts.map((text) => {
    const [type = '', ip = ''] = text.split('=');
    return { type, ip };
  });

describe(nodeIp.name, () => {
  const table: [string[], string | undefined][] = [
    [['InternalIP=1.1.1.1', 'InternalIP=2.2.2.2'], '1.1.1.1'],
    [['ExternalIP=1.1.1.1', 'InternalIP=2.2.2.2'], '2.2.2.2'],
    [['Hostname=3.3.3.3', 'ExternalIP=1.1.1.1', 'ExternalIP=2.2.2.2'], '2.2.2.2'],
    [['Hostname=3.3.3.3', 'InternalDNS=4.4.4.4'], '3.3.3.3'],
    [['CiliumInternalIP=1.1.1.1', 'InternalIP=fd00::1'], 'fd00::1'],
    [['InternalIP=fd00::1', 'ExternalIP=1.1.1.1'], '1.1.1.1'],
    [['CiliumInternalIP=1.1.1.1'], undefined],
    [[], undefined],
  ];
  it.each(table)('of %j is %s', (texts, ip) => {
    expect(nodeIp(addresses(...texts))).toBe(ip);
  });
});

describe(addressPairs.name, () => {
  const table: [string[], object[]][] = [
    [['a=1.1.1.1', 'a=fd00::1'], [{ ipv4: '1.1.1.1', ipv6: 'fd00::1' }]],
    [['a=fd00::1', 'a=1.1.1.1'], [{ ipv6: 'fd00::1', ipv4: '1.1.1.1' }]],
    [
      ['a=1.1.1.1', 'a=2.2.2.2', 'a=fd00::1'],
      [{ ipv4: '1.1.1.1' }, { ipv4: '2.2.2.2', ipv6: 'fd00::1' }],
    ],
    [
      ['a=fd00::1', 'a=fd00::2'],
      [{ ipv6: 'fd00::1' }, { ipv6: 'fd00::2' }],
    ],
    [[], []],
  ];
  it.each(table)('of %j', (texts, pairs) => {
    expect(addressPairs(addresses(...texts))).toEqual(pairs);
  });
});
