import { describe, expect, it } from 'vitest';
import { parseRequests } from '../../../src/modules/certificates/certificate-request.js';

const good = {
  name: 'a',
  namespace: 'kube-system',
  commonName: 'remote',
  usage: ['signing', 'client auth'],
  validity: '26280h',
};

describe('parseRequests', () => {
  it('reads what the chart writes, as YAML and as JSON', () => {
    const expected = {
      name: 'a',
      namespace: 'kube-system',
      commonName: 'remote',
      hosts: [],
      usages: ['signing', 'client auth'],
      validityMs: 26_280 * 3_600_000,
    };
    expect(parseRequests(JSON.stringify({ certs: [good] }))).toEqual([expected]);
    const yaml =
      'certs:\n- name: a\n  namespace: kube-system\n  commonName: "remote"\n  usage:\n  - signing\n  - client auth\n  validity: 26280h\n';
    expect(parseRequests(yaml)).toEqual([expected]);
  });

  it.each([
    [{}, '`certs` must be a list'],
    [{ certs: [] }, '`certs` must be a list'],
    [{ certs: [{ ...good, name: '' }] }, 'certs[0].name must be a text'],
    [{ certs: [{ ...good, usage: ['fishing'] }] }, 'certs[0].usage: unknown usage "fishing"'],
    [{ certs: [{ ...good, hosts: 'a' }] }, 'certs[0].hosts must be a list'],
    [{ certs: [{ ...good, validity: '3 years' }] }, 'certs[0].validity: time: unknown unit'],
    [{ certs: [{ ...good, validity: '1s' }] }, 'certs[0].validity must be 1m or longer'],
    [{ certs: [good, good] }, 'the secret kube-system/a is asked for twice'],
  ])('says what is wrong with %j', (list, why) => {
    expect(() => parseRequests(JSON.stringify(list))).toThrow(why);
  });

  it('says so of what is no YAML', () => {
    expect(() => parseRequests('certs: [')).toThrow('neither YAML nor JSON');
  });
});
