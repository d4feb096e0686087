import { describe, expect, it } from 'vitest';
import { StartError } from '../../../../src/common/start-error.js';
import {
  configOfAddress,
  EtcdConfigError,
  parseEtcdConfig,
} from '../../../../src/modules/etcd/config/etcd-config.js';

const parse = (text: string): unknown => parseEtcdConfig(text, '/etc/etcd.yaml');
const plain = { insecureTransport: false, insecureSkipTlsVerify: false, permitWithoutStream: false };

describe(parseEtcdConfig.name, () => {
  it('reads the file that the image ships', () => {
    const text = [
      '---',
      'trusted-ca-file: /var/lib/cilium/etcd-secrets/ca.crt',
      'key-file: /var/lib/cilium/etcd-secrets/tls.key',
      'cert-file: /var/lib/cilium/etcd-secrets/tls.crt',
      'endpoints:',
      '- https://127.0.0.1:2379',
    ].join('\n');
    expect(parse(text)).toEqual({
      ...plain,
      endpoints: ['https://127.0.0.1:2379'],
      caFile: '/var/lib/cilium/etcd-secrets/ca.crt',
      clientCert: {
        certFile: '/var/lib/cilium/etcd-secrets/tls.crt',
        keyFile: '/var/lib/cilium/etcd-secrets/tls.key',
      },
    });
  });

  it('reads JSON, tabs and all, with keys in any case', () => {
    const text = '{\n\t"Endpoints": ["a:1", "http://b:2"],\n\t"PERMIT-WITHOUT-STREAM": true\n}';
    expect(parse(text)).toEqual({ ...plain, endpoints: ['a:1', 'http://b:2'], permitWithoutStream: true });
  });

  it('ignores unknown keys, whatever they hold', () => {
    expect(parse('endpoints: [a:1]\nfuture: {deep: [1, x]}\n1: 2\n? [odd]\n: key\n')).toEqual({
      ...plain,
      endpoints: ['a:1'],
    });
  });

  it.each([
    ['https://etcd.example.org:2379'],
    ['[::1]:2379'],
    ['https://[fd00::1]:2379/'],
    ['10.0.0.1:2379'],
  ])('accepts the endpoint %s', (endpoint) => {
    expect(parse(JSON.stringify({ endpoints: [endpoint] }))).toMatchObject({ endpoints: [endpoint] });
  });

  it.each([
    ['only the old name', 'ca-file: /old', '/old'],
    ['both', 'ca-file: /old\ntrusted-ca-file: /new', '/new'],
    ['an empty new one', 'ca-file: /old\ntrusted-ca-file: ""', '/old'],
    ['a null', 'ca-file: /old\ntrusted-ca-file: null', '/old'],
    ['the key twice', 'trusted-ca-file: /one\ntrusted-ca-file: /two', '/two'],
  ])('takes the CA file from %s', (_what, lines, caFile) => {
    expect(parse(`endpoints: [a:1]\n${lines}\n`)).toMatchObject({ caFile });
  });

  it('has no client certificate when only one half is named', () => {
    expect(parse('endpoints: [a:1]\ncert-file: /c')).not.toHaveProperty('clientCert');
    expect(parse('endpoints: [a:1]\nkey-file: /k')).not.toHaveProperty('clientCert');
  });

  it('reads no certificate for an insecure transport', () => {
    const text =
      'endpoints: [a:1]\ninsecure-transport: true\ncert-file: /c\nkey-file: /k\ntrusted-ca-file: /ca';
    expect(parse(text)).toEqual({ ...plain, endpoints: ['a:1'], insecureTransport: true });
  });

  it('logs in only with a name and a password', () => {
    expect(parse('endpoints: [a:1]\nusername: u\npassword: p')).toMatchObject({
      login: { username: 'u', password: 'p' },
    });
    expect(parse('endpoints: [a:1]\nusername: u\npassword: ""')).not.toHaveProperty('login');
  });

  it.each([
    ['no endpoints', 'username: u', '/etc/etcd.yaml: etcdclient: no available endpoints'],
    ['an empty list', 'endpoints: []', '/etc/etcd.yaml: etcdclient: no available endpoints'],
    ['an empty file', '', '/etc/etcd.yaml: etcdclient: no available endpoints'],
    [
      'an endpoint without a port',
      'endpoints: [https://a]',
      '/etc/etcd.yaml: endpoints: "https://a" is not [http[s]://]host:port',
    ],
    [
      'a text for a list',
      'endpoints: a:1',
      '/etc/etcd.yaml:1: endpoints: expected a list of strings, got "a:1"',
    ],
    [
      'a number in the list',
      'endpoints: [1]',
      '/etc/etcd.yaml:1: endpoints: expected a list of strings, got [1]',
    ],
    [
      'a word for a flag',
      'endpoints: [a:1]\n\ninsecure-transport: "yes"',
      '/etc/etcd.yaml:3: insecure-transport: expected a boolean, got "yes"',
    ],
    [
      'a duration in words',
      'endpoints: [a:1]\ndial-timeout: 5s',
      '/etc/etcd.yaml:2: dial-timeout: expected a number, got "5s"',
    ],
    ['a number for a text', 'password: 1234', '/etc/etcd.yaml:1: password: expected a string, got 1234'],
    ['a bare list', '- a:1', '/etc/etcd.yaml:1: not a list of "key: value" settings'],
  ])('refuses %s, by file, line, key and value', (_what, text, message) => {
    expect(() => parse(text)).toThrow(new EtcdConfigError(message));
  });

  it('names the line of broken YAML', () => {
    expect(() => parse('endpoints:\n  - a:1\n bad: [')).toThrow(/^\/etc\/etcd\.yaml:3: /);
  });

  it('ends the start with one line', () => {
    expect(() => parse('')).toThrow(StartError);
  });
});

describe(configOfAddress.name, () => {
  it('is one endpoint without certificates', () => {
    expect(configOfAddress('http://a:1')).toEqual({
      ...plain,
      endpoints: ['http://a:1'],
      insecureTransport: true,
    });
  });

  it('does not split a list', () => {
    expect(() => configOfAddress('http://a:1,http://b:2')).toThrow(EtcdConfigError);
  });
});
