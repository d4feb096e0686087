import { X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../../../src/cli/run-cli.js';
import { TestCa } from '../../support/certs.js';
import { startEtcd, type TestEtcd } from '../../support/etcd.js';
import { EtcdInitLab } from '../../support/etcd-init-lab.js';
import { freePorts } from '../../support/free-ports.js';

interface Run {
  readonly code: number;
  readonly stdout: string;
}

async function run(argv: readonly string[], env: Record<string, string> = {}): Promise<Run> {
  const out: string[] = [];
  const stdout = { write: (text: string) => out.push(text) };
  const code = await runCli({ argv, env, stdout, stderr: stdout });
  return { code, stdout: out.join('') };
}

/** As the certificate says of itself, in the form of the contract. */
function described(pem: string, indent: string): string {
  const { serialNumber, subject, issuer, validFrom, validTo } = new X509Certificate(pem);
  const padded = serialNumber.length % 2 === 0 ? serialNumber : `0${serialNumber}`;
  const time = (text: string): string =>
    `${new Date(text).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
  return [
    `- Serial number:       ${padded.toLowerCase().match(/../g)!.join(':')}`,
    `  Subject:             ${subject}`,
    `  Issuer:              ${issuer}`,
    '  Validity:',
    `    Not before:  ${time(validFrom)}`,
    `    Not after:   ${time(validTo)}`,
  ]
    .map((line) => indent + line)
    .join('\n');
}

describe('troubleshoot', () => {
  let lab: EtcdInitLab;
  let ca: TestCa;
  let etcd: TestEtcd;
  let address: string;
  let clusterId: string;
  let dir: string;

  beforeAll(async () => {
    [lab, ca] = await Promise.all([EtcdInitLab.create(), TestCa.create('Cilium CA')]);
    await lab.run();
    etcd = await startEtcd({ tls: ca, dataDir: lab.dataDir });
    address = `127.0.0.1:${etcd.clientPort}`;
    const { header } = await (await etcd.client().etcd3()).maintenance.status();
    clusterId = BigInt(header.cluster_id).toString(16);
  });
  afterAll(async () => {
    await etcd.stop();
    await lab.remove();
  });
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'troubleshoot-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  /** A configuration file with certificates of `user`, issued by `issuer`. */
  async function configure(
    name: string,
    text: string,
    user?: string,
    issuer = ca,
    trusted = ca,
  ): Promise<string> {
    const path = join(dir, name);
    const lines = [text, `trusted-ca-file: ${path}-ca.crt`];
    await writeFile(`${path}-ca.crt`, trusted.cert);
    if (user !== undefined) {
      const { cert, key } = await issuer.issue(user);
      await writeFile(`${path}.crt`, cert);
      await writeFile(`${path}.key`, key);
      lines.push(`cert-file: ${path}.crt`, `key-file: ${path}.key`);
    }
    await writeFile(path, lines.join('\n'));
    return path;
  }

  const local = (path: string): Promise<Run> =>
    run(['clustermesh-dbg', 'troubleshoot', '--etcd-config', path]);
  const endpoints = (url: string): string => `endpoints: ['${url}']`;

  it('shows an etcd that works as the contract does', async () => {
    const path = await configure('etcd.yaml', endpoints(`https://${address}`), 'remote');
    const cert = await readFile(`${path}.crt`, 'utf8');

    const { code, stdout } = await local(path);

    expect(stdout).toBe(`Local etcd kvstore:
📄 Configuration path: ${path}

🔌 Endpoints:
   - https://${address}
     ✅ TCP connection successfully established to ${address}
     ✅ TLS connection successfully established to ${address}
     ℹ️  Negotiated TLS version: TLS 1.3, ciphersuite TLS_AES_128_GCM_SHA256
     ℹ️  Etcd server version: 3.4.23

🔑 Digital certificates:
   ✅ TLS Root CA certificates:
${described(ca.cert, '      ')}
   ✅ TLS client certificates:
${described(cert, '      ')}

⚙️ Etcd client:
   ✅ Etcd connection successfully established
   ℹ️  Etcd cluster ID: ${clusterId}
`);
    expect(code).toBe(0);
  });

  it('says who may not read', async () => {
    const path = await configure('etcd.yaml', endpoints(`https://${address}`), 'stranger');

    const { code, stdout } = await local(path);

    expect(code).toBe(0);
    expect(stdout).toContain('   ❌ Failed to retrieve key from etcd: etcdserver: permission denied\n');
  });

  it('resolves host names', async () => {
    const path = await configure('etcd.yaml', endpoints(`https://localhost:${etcd.clientPort}`), 'remote');

    const { stdout } = await local(path);

    expect(stdout).toMatch(/\n {5}✅ Hostname resolved to: .*127\.0\.0\.1/);
    expect(stdout).toContain('✅ Etcd connection successfully established');
  });

  it('tells an authority that did not sign the server', async () => {
    const other = await TestCa.create('Other CA');
    const path = await configure('etcd.yaml', endpoints(`https://${address}`), 'remote', ca, other);

    const { code, stdout } = await local(path);

    expect(code).toBe(0);
    expect(stdout).toContain(
      `     ❌ Cannot establish TLS connection to ${address}: tls: failed to verify certificate: x509: certificate signed by unknown authority\n`,
    );
    expect(stdout).toContain('⚠️ Cannot verify certificate with the configured root CAs\n');
    expect(stdout).toContain('   ❌ Failed to establish connection: context deadline exceeded\n');
  });

  for (const [what, issuer] of [
    ['is missing', undefined],
    ['is of another authority', 'Other CA'],
  ] as const) {
    it(`names the authorities that the server takes when the client certificate ${what}`, async () => {
      const other = issuer === undefined ? undefined : await TestCa.create(issuer);
      const path = await configure('etcd.yaml', endpoints(`https://${address}`), other && 'remote', other);

      const { stdout } = await local(path);

      expect(stdout).toContain(
        `     ❌ Cannot establish TLS connection to ${address}: client certificate is not signed by any acceptable CA\n     ℹ️  Acceptable CAs: "CN=Cilium CA"\n`,
      );
      expect(stdout.includes('⚠️ No available TLS client certificates')).toBe(other === undefined);
    });
  }

  it('tells a certificate that the server refuses although its issuer has the right name', async () => {
    const twin = await TestCa.create('Cilium CA');
    const path = await configure('etcd.yaml', endpoints(`https://${address}`), 'remote', twin);

    const { stdout } = await local(path);

    expect(stdout).toContain(`✅ TLS connection successfully established to ${address}\n`);
    expect(stdout).toMatch(
      /\n {5}❌ TLS client authentication failed: remote error: tls: (bad certificate|unknown)/,
    );
  });

  it('goes on after what is wrong with one endpoint', async () => {
    const [closed] = (await freePorts(1)) as [number];
    const text = `endpoints: ['https://127.0.0.1:${closed}', '${address}', 'https://nope.invalid:1']`;
    const path = await configure('etcd.yaml', text, 'remote');

    const { stdout } = await local(path);

    expect(stdout).toContain(
      `     ❌ Cannot establish TCP connection to 127.0.0.1:${closed}: dial tcp 127.0.0.1:${closed}: connect: connection refused\n`,
    );
    expect(stdout).toContain(`   - ${address}\n     ❌ Cannot parse endpoint: parse "${address}": `);
    expect(stdout).toContain('     ❌ Cannot resolve hostname: lookup nope.invalid: ');
    expect(stdout).toContain('✅ Etcd connection successfully established');
  });

  it('does not fall over insecure transport', async () => {
    const plain = await startEtcd();
    try {
      const path = join(dir, 'etcd.yaml');
      await writeFile(path, `${endpoints(plain.endpoint)}\ninsecure-transport: true\nusername: me\n`);

      const { code, stdout } = await local(path);

      expect(code).toBe(0);
      expect(stdout).toContain('   ℹ️  Insecure transport: no certificates are used\n');
      expect(stdout).toContain('   ✅ Username set to me, password is unset\n');
      expect(stdout).toContain('✅ Etcd connection successfully established');
    } finally {
      await plain.stop();
    }
  });

  it('shows what is wrong with the file itself', async () => {
    const path = join(dir, 'etcd.yaml');
    const missing = await local(path);
    await writeFile(path, 'endpoints: []');
    const empty = await local(path);
    await writeFile(path, 'endpoints: [');
    const malformed = await local(path);
    await writeFile(path, `endpoints: ['https://a:1']\ntrusted-ca-file: ${dir}/nope`);
    const noCa = await local(path);

    const head = `Local etcd kvstore:\n📄 Configuration path: ${path}\n`;
    const cannot = `${head}❌ Cannot parse etcd configuration: `;
    expect(missing.stdout).toBe(`${cannot}open ${path}: no such file or directory\n`);
    expect(empty.stdout).toContain('🔌 Endpoints:\n   ❌ No available endpoints\n');
    expect(malformed.stdout.startsWith(cannot)).toBe(true);
    expect(noCa.stdout).toBe(`${cannot}open ${dir}/nope: no such file or directory\n`);
    expect([missing.code, empty.code, malformed.code, noCa.code]).toEqual([0, 0, 0, 0]);
  });

  it('checks the clusters of a directory', async () => {
    const mesh = join(dir, 'mesh');
    await mkdir(mesh);
    await writeFile(join(mesh, 'beta'), endpoints(`https://${address}`));
    await writeFile(join(mesh, 'alpha'), endpoints(`https://${address}`));
    await writeFile(join(mesh, 'common.crt'), 'x');
    const etcdConfig = join(dir, 'local.yaml');
    const argv = [
      'kvstoremesh-dbg',
      'troubleshoot',
      '--clustermesh-config',
      mesh,
      '--etcd-config',
      etcdConfig,
    ];

    const every = await run(argv, { CLUSTER_NAME: 'alpha' });
    const some = await run([...argv, '--include-local', 'nope', 'beta']);

    expect(every.code).toBe(0);
    expect(every.stdout).toMatch(
      /^Found 2 cluster configurations\n\nCluster "alpha":\nℹ️ {2}This entry corresponds to the local cluster\n📄 Configuration path: .*mesh\/alpha\n/,
    );
    expect(every.stdout).toMatch(/\n\nCluster "beta":\n📄 Configuration path: .*mesh\/beta\n/);
    expect(some.stdout).toMatch(
      /^Local etcd kvstore:\n.*\n❌ Cannot parse.*\n\n\nFound 2 cluster configurations\nTroubleshooting filtered subset of clusters: beta, nope\n\nCluster "beta":\n/,
    );
    expect(some.stdout.endsWith('\n\nCluster "nope":\n❌ Configuration not found\n')).toBe(true);
  });

  it('fails only when there is no directory', async () => {
    const { code, stdout } = await run([
      'kvstoremesh-dbg',
      'troubleshoot',
      `--clustermesh-config=${dir}/nope`,
    ]);

    expect(code).toBe(1);
    expect(stdout.split('\n')).toHaveLength(3);
    expect(stdout).toContain(`open ${dir}/nope: no such file or directory`);
  });
});

describe('kvstoremesh-dbg status', () => {
  async function serving<T>(body: string, act: (host: string) => Promise<T>): Promise<T> {
    const server = createServer((request, response) => {
      response.statusCode = request.url === '/v1/cluster' ? 200 : 404;
      response.end(body);
    });
    const [port] = (await freePorts(1)) as [number];
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    try {
      return await act(`127.0.0.1:${port}`);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }
  const status = (...argv: string[]): Promise<Run> => run(['kvstoremesh-dbg', 'status', ...argv]);
  const answer =
    '[{"last-failure":"0001-01-01T00:00:00.000Z","name":"gamma","status":"Waiting","synced":{}}]';

  it('shows what the API says, whatever state the clusters are in', async () => {
    const [text, json, path, persistent] = await serving(answer, (host) =>
      Promise.all([
        status('-H', host),
        status('-H', host, '-o', 'json'),
        status(`--host=${host}`, '-o', 'jsonpath={[0].name}'),
        run(['kvstoremesh-dbg', '-H', host, 'status', '-o=json']),
      ]),
    );

    expect(text.code).toBe(0);
    expect(text.stdout).toMatch(/^KVStoreMesh:\t0\/1 remote clusters ready\n {3}gamma: not-ready, /);
    expect(json).toEqual({ code: 0, stdout: `${JSON.stringify(JSON.parse(answer), null, 2)}\n` });
    expect(path).toEqual({ code: 0, stdout: 'gamma\n' });
    expect(persistent).toEqual(json);
  });

  it('says so when it cannot print that way', async () => {
    const run = await serving(answer, (host) => status('-H', host, '-o', 'xml'));

    const stdout = "Failed to output status information: couldn't find output printer\n";
    expect(run).toEqual({ code: 1, stdout });
  });

  it('names the address that it asked', async () => {
    const [closed] = (await freePorts(1)) as [number];
    const hint = (host: string): Run => ({
      code: 1,
      stdout: `Failed to retrieve status information: is KVStoreMesh running and serving the API on ${host}?\n`,
    });

    expect(await status('-H', `127.0.0.1:${closed}`)).toEqual(hint(`127.0.0.1:${closed}`));
    await serving('not json', async (host) => expect(await status('-H', host)).toEqual(hint(host)));
  });
});
