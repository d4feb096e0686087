import { describe, expect, it } from 'vitest';
import { bytesOf, textOf } from '../../../src/common/bytes.js';
import { UndecodableValue } from '../../../src/modules/external-workloads/go-json-reader.js';
import {
  cidrText,
  decodeRegisterRecord,
  encodeRegisterRecord,
} from '../../../src/modules/external-workloads/register-record.js';
import { goldenCases } from '../../support/workload-golden.js';

const decode = (text: string) => decodeRegisterRecord(bytesOf(text));

describe('register records', () => {
  const values = goldenCases.flatMap(({ steps }) => steps.flatMap(({ value }) => value ?? []));

  it('come back byte for byte when they are as Go prints them', () => {
    const canonical = values
      .map((value) => JSON.stringify(value))
      .filter((text) => !/FD00|::ffff:|\[null\]/.test(text));
    expect(canonical.length).toBeGreaterThan(25);
    for (const text of canonical) expect(textOf(encodeRegisterRecord(decode(text)))).toBe(text);
  });

  const undecodable = [
    '',
    '{not json',
    '{"IPAddresses":[{"Type":"InternalIP","IP":"not-an-ip"}]}',
    '{"nodeidentity":"5"}',
    '{"NodeIdentity":4294967296}',
    '{"NodeIdentity":-1}',
    '{"EncryptionKey":256}',
    '{"IPv4AllocCIDR":"10.0.0.0/8"}',
    '{"IPv4AllocCIDR":{"IP":"10.0.0.0","Mask":"%"}}',
    '{"Labels":{"a":1}}',
    '{"Name":5}',
    '{"IPAddresses":{}}',
    '[]',
  ];
  it.each(undecodable)('are refused as a whole when Go refuses them: %s', (text) => {
    expect(() => decode(text)).toThrow(UndecodableValue);
  });

  it('are read in any letter case, with missing, unknown and null fields', () => {
    expect(decode('{"name":"x","NODEIDENTITY":7,"Unknown":3,"Labels":null}')).toMatchObject({
      name: 'x',
      nodeIdentity: 7,
    });
    expect(decode('null')).toMatchObject({ name: '', nodeIdentity: 0, addresses: [] });
  });

  it('lose null items, empty networks, and addresses that are empty or repeated', () => {
    const record = decode(
      '{"IPAddresses":[null,{"IP":""},{"Type":"A","IP":"::ffff:1.2.3.4"},{"Type":"B","IP":"1.2.3.4"}],' +
        '"IPv4AllocCIDR":{},"IPv4SecondaryAllocCIDRs":[null,{}]}',
    );
    expect(record.addresses).toEqual([{ type: 'A', ip: '1.2.3.4' }]);
    expect(record).toMatchObject({ ipv4AllocCidr: undefined, ipv4SecondaryAllocCidrs: [] });
  });
});

describe(cidrText.name, () => {
  const table = [
    ['10.0.0.0', '/wAAAA==', '10.0.0.0/8'],
    ['10.1.2.0', '/////A==', '10.1.2.0/30'],
    ['10.1.2.3', '/////w==', '10.1.2.3/32'],
    ['fd00::', '//////////8AAAAAAAAAAA==', 'fd00::/64'],
    ['10.0.0.0', '/////////////////wAAAA==', '10.0.0.0/8'],
    ['10.0.0.0', '/wD/AA==', undefined],
    ['10.0.0.0', '//8=', undefined],
    ['fd00::', '/wAAAA==', undefined],
  ] as const;
  it.each(table)('%s %s is %s', (ip, mask, text) => {
    expect(cidrText({ family: ip.includes(':') ? 6 : 4, ip, mask })).toBe(text);
  });
});
