import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { chainsTo, nameText, serialText } from '../../../src/modules/debug/certificate-text.js';
import { dialErrorText, tlsErrorText } from '../../../src/modules/debug/network-text.js';
import { TestCa } from '../../support/certs.js';

describe('certificates in words', () => {
  const serials: [hex: string, text: string][] = [
    ['6401B4', '64:01:b4'],
    ['ED585', '0e:d5:85'],
    ['0ED585', '0e:d5:85'],
    ['0', '00'],
  ];
  for (const [hex, text] of serials)
    it(`groups ${hex} from its end`, () => expect(serialText(hex)).toBe(text));

  it('orders the parts of a name as Go does', () => {
    expect(nameText('C=DE\nO=one\nO=two\nCN=x')).toBe('CN=x,O=one+O=two,C=DE');
    expect(nameText('CN=Cilium CA')).toBe('CN=Cilium CA');
    expect(nameText(undefined)).toBe('');
  });

  it('tells whether a chain ends at one of the authorities', async () => {
    const [ca, other] = await Promise.all([TestCa.create('one'), TestCa.create('two')]);
    const leaf = new X509Certificate((await ca.issue('remote')).cert);
    const [root, stranger] = [new X509Certificate(ca.cert), new X509Certificate(other.cert)];
    const now = Date.now();

    expect(chainsTo([stranger, root], [leaf], now)).toBe(true);
    expect(chainsTo([stranger], [leaf], now)).toBe(false);
    expect(chainsTo([], [leaf], now)).toBe(false);
    expect(chainsTo([root], [leaf], now + 5 * 86_400_000)).toBe(false);
  });
});

describe('failures in Go’s words', () => {
  const error = (code: string, more: object = {}): Error =>
    Object.assign(new Error('raw'), { code, ...more });

  it('of a connection', () => {
    expect(dialErrorText(error('ECONNREFUSED'), '127.0.0.1:1')).toBe(
      'dial tcp 127.0.0.1:1: connect: connection refused',
    );
    expect(dialErrorText(error('ENOTFOUND'), 'nope:1')).toBe('dial tcp: lookup nope: no such host');
    expect(dialErrorText(error('EWHAT'), 'a:1')).toBe('dial tcp a:1: raw');
  });

  it('of a server certificate', () => {
    const verify = 'tls: failed to verify certificate: x509:';
    const names = {
      cert: { subjectaltname: 'IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:localhost' },
    };
    const mismatch = error('ERR_TLS_CERT_ALTNAME_INVALID', names);

    expect(tlsErrorText(error('SELF_SIGNED_CERT_IN_CHAIN'), 'h')).toBe(
      `${verify} certificate signed by unknown authority`,
    );
    expect(tlsErrorText(mismatch, '10.0.0.1')).toBe(
      `${verify} certificate is valid for 127.0.0.1, 0:0:0:0:0:0:0:1, not 10.0.0.1`,
    );
    expect(tlsErrorText(mismatch, 'h')).toBe(`${verify} certificate is valid for localhost, not h`);
    expect(tlsErrorText(error('ERR_TLS_CERT_ALTNAME_INVALID'), '10.0.0.1')).toContain('any IP SANs');
    expect(tlsErrorText(error('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'), 'h')).toBe(
      'remote error: tls: unknown certificate authority',
    );
  });
});
