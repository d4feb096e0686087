import { execFile } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DevApiServer } from '../../../dev/api-server/dev-api-server.js';
import type { Clock } from '../../../src/common/clock.js';
import { systemClock } from '../../../src/common/clock.js';
import { parseRequests } from '../../../src/modules/certificates/certificate-request.js';
import { CertificatesJob } from '../../../src/modules/certificates/certificates-job.js';
import type { AuthorityOptions } from '../../../src/modules/config/certs-options.js';
import { directTransport } from '../../../src/modules/kubernetes/direct-transport.js';
import type { KubeTransport } from '../../../src/modules/kubernetes/kube-transport.js';
import { type LogLine, recordingLog } from '../../support/recording-log.js';

const day = 86_400_000;
const authority: AuthorityOptions = {
  generate: true,
  reuseSecret: true,
  secretNamespace: 'kube-system',
  secretName: 'cilium-ca',
  commonName: 'Cilium CA',
  validityMs: 1095 * day,
};
/** As the chart's template writes it. */
const list = `certs:
- name: server-cert
  namespace: kube-system
  commonName: "clustermesh-apiserver.cilium.io"
  hosts:
  - "clustermesh-apiserver.cilium.io"
  - "*.mesh.cilium.io"
  - "127.0.0.1"
  - "::1"
  usage:
  - signing
  - key encipherment
  - server auth
  - client auth
  validity: 26280h
- name: admin-cert
  namespace: kube-system
  commonName: "admin-east"
  usage:
  - signing
  - key encipherment
  - client auth
  validity: 26280h
`;

let server: DevApiServer;
let api: KubeTransport;
let directory: string;
let lines: LogLine[];

beforeEach(async () => {
  server = new DevApiServer();
  const { url } = await server.listen();
  const apiServer = { enabled: true, apiServer: url, kubeconfigPath: '', environment: {} };
  api = await directTransport(apiServer, 'test', systemClock);
  directory = await mkdtemp(join(tmpdir(), 'certs-'));
  lines = [];
});

afterEach(async () => {
  api.closeAll();
  await server.close();
  await rm(directory, { recursive: true });
});

function job(over: { days?: number; requests?: string; authority?: Partial<AuthorityOptions> } = {}) {
  const clock: Clock = { ...systemClock, now: () => Date.now() + (over.days ?? 0) * day };
  return new CertificatesJob({
    api,
    authority: { ...authority, ...over.authority },
    requests: parseRequests(over.requests ?? list),
    clock,
    log: recordingLog(lines),
  }).run();
}

function secret(name: string) {
  const found = server.get({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'kube-system' },
  }) as { type?: string; data?: Record<string, string>; metadata: { resourceVersion?: string } } | undefined;
  const text = (key: string) => Buffer.from(found?.data?.[key] ?? '', 'base64').toString();
  return { type: found?.type, version: found?.metadata.resourceVersion, text };
}

function applySecret(name: string, type: string, data: Record<string, string>): void {
  const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  const metadata = { name, namespace: 'kube-system', labels: { owner: 'helm' } };
  server.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    type,
    data: Object.fromEntries(encoded),
  } as Parameters<DevApiServer['apply']>[0]);
}

async function openssl(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('openssl', args);
  return stdout;
}

async function file(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}

const versions = () => ['cilium-ca', 'server-cert', 'admin-cert'].map((name) => secret(name).version);

describe('the certificates of the chart', () => {
  it('are made so that openssl trusts them for what they are for', async () => {
    await job();
    const ca = await file('ca.crt', secret('cilium-ca').text('ca.crt'));
    for (const [name, purpose] of [
      ['server-cert', 'sslserver'],
      ['server-cert', 'sslclient'],
      ['admin-cert', 'sslclient'],
    ] as const) {
      const stored = secret(name);
      expect(stored.type).toBe('kubernetes.io/tls');
      expect(stored.text('ca.crt')).toBe(secret('cilium-ca').text('ca.crt'));
      const path = await file(`${name}.crt`, stored.text('tls.crt'));
      expect(await openssl('verify', '-x509_strict', '-purpose', purpose, '-CAfile', ca, path)).toContain(
        ': OK',
      );
      const key = createPrivateKey(stored.text('tls.key'));
      expect(key.asymmetricKeyDetails?.modulusLength).toBe(2048);
      expect(new X509Certificate(stored.text('tls.crt')).checkPrivateKey(key)).toBe(true);
    }
    const text = await openssl('x509', '-noout', '-text', '-in', join(directory, 'server-cert.crt'));
    expect(text).toContain('sha256WithRSAEncryption');
    expect(text).toContain('Digital Signature, Key Encipherment');
    expect(text).toContain(
      'DNS:clustermesh-apiserver.cilium.io, DNS:*.mesh.cilium.io, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    );
    const admin = new X509Certificate(secret('admin-cert').text('tls.crt'));
    expect(admin.subject).toBe('CN=admin-east');
    expect(admin.subjectAltName).toBeUndefined();
    await expect(
      openssl('verify', '-purpose', 'sslserver', '-CAfile', ca, join(directory, 'admin-cert.crt')),
    ).rejects.toThrow('verification failed');
  });

  it('are left alone by a second run, and issued anew with a third of their life left', async () => {
    await job();
    const before = versions();
    await job({ days: 700 });
    expect(versions()).toEqual(before);
    const oldAuthority = new X509Certificate(secret('cilium-ca').text('ca.crt'));
    await job({ days: 740 });
    const after = versions();
    expect(after.every((version, index) => version !== before[index])).toBe(true);
    // The authority was renewed with its own key: who knows the old one alone trusts the new certificates too.
    const renewed = new X509Certificate(secret('server-cert').text('tls.crt'));
    expect(renewed.verify(oldAuthority.publicKey)).toBe(true);
    await job({ days: 740 });
    expect(versions()).toEqual(after);
  });

  it('change when their request does, and no other does', async () => {
    await job();
    const before = versions();
    await job({ requests: list.replace('"127.0.0.1"', '"192.0.2.7"') });
    const after = versions();
    expect(after[1]).not.toBe(before[1]);
    expect([after[0], after[2]]).toEqual([before[0], before[2]]);
    expect(lines.at(-2)?.fields).toMatchObject({ reason: 'other hosts' });
  });

  it('follow an authority that another tool made, whose name and key stay', async () => {
    await job();
    const [cert, key] = [join(directory, 'other.crt'), join(directory, 'other.key')];
    await openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      '-days',
      '3000',
      '-subj',
      '/O=Example/CN=Other CA',
      '-addext',
      'keyUsage=critical,keyCertSign,cRLSign',
    );
    const [bundle, keyText] = await Promise.all([openssl('x509', '-in', cert), openssl('rsa', '-in', key)]);
    applySecret('cilium-ca', 'Opaque', { 'ca.crt': bundle, 'ca.key': keyText });
    await job();
    expect(secret('cilium-ca').text('ca.crt')).toBe(bundle);
    expect(secret('server-cert').text('ca.crt')).toBe(bundle);
    const path = await file('server.crt', secret('server-cert').text('tls.crt'));
    expect(await openssl('verify', '-x509_strict', '-CAfile', cert, path)).toContain(': OK');
    // Go finds the issuer by the bytes of its name.
    expect(await openssl('x509', '-noout', '-issuer_hash', '-in', path)).toBe(
      await openssl('x509', '-noout', '-subject_hash', '-in', cert),
    );
    expect(lines.some(({ fields }) => fields['reason'] === 'signed by another authority')).toBe(true);
  });

  it('leave an authority that cannot be read for somebody to repair', async () => {
    applySecret('cilium-ca', 'Opaque', { 'ca.crt': 'nonsense', 'ca.key': 'SECRET' });
    await expect(job()).rejects.toThrow(/cilium-ca is wrong: ca.crt is no certificate/);
    expect(secret('cilium-ca').text('ca.crt')).toBe('nonsense');
  });

  it('need an authority if none may be made', async () => {
    await expect(job({ authority: { generate: false } })).rejects.toThrow(/holds no certificate authority/);
  });

  it('are all tried although one is refused', async () => {
    server.faults.fail({ path: /server-cert$/ }, { status: 403, reason: 'Forbidden', message: 'no' });
    await expect(job()).rejects.toThrow('not kept up: kube-system/server-cert');
    expect(secret('admin-cert').type).toBe('kubernetes.io/tls');
  });

  it('never show a key in the log', async () => {
    await job();
    expect(JSON.stringify(lines)).not.toMatch(/PRIVATE|BEGIN/);
    expect(lines.length).toBeGreaterThan(2);
  });
});
