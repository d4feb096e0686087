import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Render, render } from './support/helm.js';
import { matrix, providedPairs } from './support/matrix.js';

const serverNames = [
  'clustermesh-apiserver.cilium.io',
  '*.mesh.cilium.io',
  'clustermesh-apiserver.kube-system.svc',
  'mesh.example.com',
];
const serverAddresses = ['127.0.0.1', '::1', '192.0.2.7', 'fd00::7'];
const extraNames = { extraDnsNames: ['mesh.example.com'], extraIpAddresses: ['192.0.2.7', 'fd00::7'] };
const issuer = { name: 'mesh-ca', kind: 'ClusterIssuer', group: 'cert-manager.io' };

/** Secret and common name, which is the etcd user. */
const clientCerts = [
  ['clustermesh-apiserver-admin-cert', 'admin-alpha'],
  ['clustermesh-apiserver-remote-cert', 'remote'],
  ['clustermesh-apiserver-local-cert', 'local-alpha'],
  ['clustermesh-apiserver-client-cert', 'externalworkload'],
] as const;

const serverAuth = '1.3.6.1.5.5.7.3.1';
const clientAuth = '1.3.6.1.5.5.7.3.2';

function certificate(chart: Render, secret: string): X509Certificate {
  return new X509Certificate(chart.secret(secret)['tls.crt']!);
}

describe('signed by Helm', () => {
  it('each one by the CA, for its user, for three years', async () => {
    const chart = await render({ externalWorkloads: { enabled: true } });

    const ca = new X509Certificate(chart.secret('cilium-ca')['ca.crt']!);
    expect(ca.subject).toBe('CN=Cilium CA');
    for (const [secret, user] of clientCerts) {
      const cert = certificate(chart, secret);
      expect(cert.subject).toBe(`CN=${user}`);
      expect(cert.checkIssued(ca) && cert.verify(ca.publicKey)).toBe(true);
      expect(chart.secret(secret)['ca.crt']).toBe(chart.secret('cilium-ca')['ca.crt']);
      expect(cert.keyUsage).toContain(clientAuth);
      const days = (Date.parse(cert.validTo) - Date.parse(cert.validFrom)) / 86_400_000;
      expect(Math.round(days)).toBe(1095);
      expect(chart.get('Secret', secret).type).toBe('kubernetes.io/tls');
    }
  });

  it('the server for all names and addresses that clients use', async () => {
    const chart = await render({ tls: { server: extraNames } });

    const cert = certificate(chart, 'clustermesh-apiserver-server-cert');
    expect(cert.subject).toBe('CN=clustermesh-apiserver.cilium.io');
    for (const name of [...serverNames, 'beta.mesh.cilium.io']) {
      expect(cert.checkHost(name.replace('*', 'any'))).toBeDefined();
    }
    for (const address of serverAddresses) expect(cert.checkIP(address)).toBeDefined();
    expect(cert.keyUsage).toEqual(expect.arrayContaining([serverAuth, clientAuth]));
  });

  it('by the CA that is given', async () => {
    const { cert, key } = await someCa();
    const chart = await render({ tls: { ca: { cert, key } } });

    expect(chart.get('Secret', 'cilium-ca').data).toEqual({ 'ca.crt': cert, 'ca.key': key });
    const ca = new X509Certificate(Buffer.from(cert, 'base64'));
    expect(certificate(chart, 'clustermesh-apiserver-admin-cert').verify(ca.publicKey)).toBe(true);
  });

  it('the CA outlives the release: others were signed by it', async () => {
    const { annotations } = (await render()).get('Secret', 'cilium-ca').metadata;

    expect(annotations).toEqual({ 'helm.sh/resource-policy': 'keep' });
  });

  it.each([
    ['legacy', 'remote'],
    ['migration', 'remote'],
    ['cluster', 'remote-alpha'],
  ])('mode %s calls itself %s elsewhere', async (authMode, user) => {
    const chart = await render({ tls: { authMode } });

    expect(certificate(chart, 'clustermesh-apiserver-remote-cert').subject).toBe(`CN=${user}`);
  });
});

describe('made by the job', () => {
  const name = 'clustermesh-apiserver-generate-certs';
  const values = {
    tls: { auto: { method: 'cronJob' }, server: extraNames },
    externalWorkloads: { enabled: true },
  };

  it('of this image, with certgen’s flags and its list of requests', async () => {
    const chart = await render(values);

    const cron = chart.get('CronJob', name);
    expect(cron.spec).toMatchObject({ schedule: '0 0 1 */4 *', concurrencyPolicy: 'Forbid' });
    const job = chart.objects.find(({ kind }) => kind === 'Job')!;
    expect(job.spec.template).toEqual(cron.spec.jobTemplate.spec.template);
    const [container] = job.spec.template.spec.containers;
    expect(container).toMatchObject({
      image: chart.container('apiserver').image,
      command: ['/usr/bin/clustermesh-apiserver'],
      args: [
        'certs',
        '--ca-generate',
        '--ca-reuse-secret',
        '--ca-secret-namespace=kube-system',
        '--ca-secret-name=cilium-ca',
        '--ca-common-name=Cilium CA',
        '--ca-validity-duration=26280h',
      ],
    });
    const client = {
      namespace: 'kube-system',
      usage: ['signing', 'key encipherment', 'client auth'],
      validity: '26280h',
    };
    expect(container.env.map((one: { name: string }) => one.name)).toEqual(['CILIUM_CERTGEN_CONFIG']);
    expect(parse(container.env[0].value as string)).toEqual({
      certs: [
        {
          ...client,
          name: 'clustermesh-apiserver-server-cert',
          commonName: 'clustermesh-apiserver.cilium.io',
          hosts: [...serverNames, ...serverAddresses],
          usage: ['signing', 'key encipherment', 'server auth', 'client auth'],
        },
        ...clientCerts.map(([secret, commonName]) => ({ ...client, name: secret, commonName })),
      ],
    });
  });

  it('is no part of what services and budget select', async () => {
    const chart = await render(matrix['certificates by job']);

    const { metadata, spec } = chart.get('CronJob', name).spec.jobTemplate.spec.template;
    expect(metadata.labels['k8s-app']).toBe(name);
    expect(metadata.labels.team).toBe('net');
    expect(spec.serviceAccountName).toBe(name);
    expect(spec.hostNetwork).toBe(true);
  });

  it('runs once only, if there is no schedule', async () => {
    const chart = await render(matrix['certificates by job, once']);

    expect(chart.find('CronJob', name)).toBeUndefined();
    expect(chart.objects.filter(({ kind }) => kind === 'Job')).toHaveLength(1);
  });

  it('leaves no secret to Helm', async () => {
    expect((await render(values)).names().filter((one) => one.startsWith('Secret/'))).toEqual([]);
  });
});

describe('from cert-manager', () => {
  it('are Certificates under the names of the secrets', async () => {
    const auto = { method: 'certmanager', certManagerIssuerRef: issuer };
    const chart = await render({ tls: { auto, server: extraNames }, externalWorkloads: { enabled: true } });

    const client = {
      issuerRef: issuer,
      duration: '26280h0m0s',
      privateKey: { rotationPolicy: 'Always' },
      usages: ['digital signature', 'key encipherment', 'client auth'],
    };
    const certificates = chart.objects.filter(({ kind }) => kind === 'Certificate');
    expect(certificates.map(({ spec }) => spec as unknown)).toEqual([
      {
        ...client,
        secretName: 'clustermesh-apiserver-server-cert',
        commonName: 'clustermesh-apiserver.cilium.io',
        dnsNames: serverNames,
        ipAddresses: serverAddresses,
        usages: ['digital signature', 'key encipherment', 'server auth', 'client auth'],
      },
      ...clientCerts.map(([secretName, commonName]) => ({ ...client, secretName, commonName })),
    ]);
    expect(certificates.map(({ metadata, spec }) => metadata.name === spec.secretName)).not.toContain(false);
    expect(chart.names().filter((name) => name.startsWith('Secret/'))).toEqual([]);
  });
});

describe('provided', () => {
  it('are taken from the values as they are', async () => {
    const chart = await render(matrix['provided certificates']);

    expect(chart.secret('clustermesh-apiserver-server-cert')).toEqual({
      'ca.crt': 'ca cert',
      'tls.crt': 'server cert',
      'tls.key': 'server key',
    });
    expect(chart.names().filter((name) => name.startsWith('Secret/'))).toEqual(
      ['admin', 'client', 'local', 'remote', 'server'].map(
        (one) => `Secret/clustermesh-apiserver-${one}-cert`,
      ),
    );
  });

  it('need no local one, which agents of 1.16 do not use', async () => {
    const { local: _, client: __, ...pairs } = providedPairs;
    const chart = await render({ tls: { auto: { enabled: false }, ...pairs } });

    expect(chart.find('Secret', 'clustermesh-apiserver-local-cert')).toBeUndefined();
    expect(chart.find('Secret', 'clustermesh-apiserver-remote-cert')).toBeDefined();
  });

  it('may be somebody else’s business entirely', async () => {
    const names = (await render(matrix['provided secrets'])).names();

    expect(names.filter((name) => /Secret|Certificate|Job/.test(name))).toEqual([]);
  });
});

async function someCa(): Promise<{ cert: string; key: string }> {
  const data = (await render()).get('Secret', 'cilium-ca').data as Record<string, string>;
  return { cert: data['ca.crt']!, key: data['ca.key']! };
}
