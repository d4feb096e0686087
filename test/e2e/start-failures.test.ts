import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RealLab } from '../support/real-lab.js';
import { startServer, type ServerOptions } from '../support/server-process.js';

/** Lines of a JavaScript stack, or a field that holds one. */
const stack = /^\s+at .+:\d+:\d+\)?$| stack=/;
/** What it says each second while it waits, as the original does. */
const stillWaiting = /Still waiting for Cilium Operator/;
const complaint = /^Error: | level=(?:warning|error|fatal) /;

describe('a start that cannot succeed', () => {
  let lab: RealLab;
  let directory: string;
  let tlsConfig: string;

  beforeAll(async () => {
    lab = await RealLab.start({ crds: false });
    directory = await mkdtemp(join(tmpdir(), 'start-failures-'));
    tlsConfig = await configWithOtherAuthority(directory, lab.etcd.endpoint);
  });
  afterAll(async () => {
    await lab.stop();
    await rm(directory, { recursive: true, force: true });
  });

  /** What it complained of, when it has ended with code 1 and no stack. Usage is no complaint, nor is what stdout repeats. */
  async function complaints(options: ServerOptions): Promise<string[]> {
    const parts = { kubeconfig: lab.kube.adminKubeconfigPath, etcd: lab.etcd.endpoint };
    const server = await startServer({ ...parts, ...options });
    expect(await server.exit).toEqual({ code: 1, signal: null });
    const said = [...server.stdoutLines, ...server.stderrLines];
    expect(said.filter((line) => stack.test(line))).toEqual([]);
    return server.stderrLines.filter((line) => complaint.test(line));
  }

  const refused = [
    { what: 'an unknown flag', args: ['--no-such-flag'], says: /unknown flag: --no-such-flag/ },
    { what: 'a value that is no number', args: ['--cluster-id=three'], says: /"three" for "--cluster-id"/ },
    { what: 'a negative cluster id', args: ['--cluster-id=-1'], says: /"-1" for "--cluster-id"/ },
    { what: 'a cluster id out of range', args: ['--cluster-id=256'], says: /256.*0\.\.255/ },
    { what: 'a bad limit of clusters', args: ['--max-connected-clusters=300'], says: /300.*255, 511/ },
    {
      what: 'a bad cluster name (difference 8)',
      args: ['--cluster-name=East_1'],
      says: /cluster.*name.*East_1|East_1.*cluster.*name/i,
    },
    {
      what: 'an admin address that is not loopback',
      args: ['--admin-serve-addr=0.0.0.0:9895'],
      says: /admin-serve-addr.*0\.0\.0\.0/,
    },
    { what: 'another key-value store', args: ['--kvstore=zookeeper'], says: /zookeeper/ },
  ];

  it.each(refused)('$what: one clear line, exit code 1', async ({ args, says }) => {
    expect(await complaints({ args })).toEqual([expect.stringMatching(says)]);
  });

  it('an unknown option of the key-value store: named, with the list of the known ones, exit code 1', async () => {
    const [first, ...others] = await complaints({ args: ['--kvstore-opt=etcd.qqs=1'] });

    expect(first).toContain('unknown kvstore configuration key \\"etcd.qqs\\"');
    expect(others.join()).toContain('etcd.bootstrapQps');
    expect(others.at(-1)).toContain(
      'failed to start: failed connecting to kvstore: invalid kvstore configuration, see log for details',
    );
  });

  it('reports all wrong flags at once', async () => {
    const said = await complaints({ args: ['--cluster-id=256', '--max-connected-clusters=300'] });

    const each = (pattern: RegExp): number =>
      said.filter((line) => pattern.test(line) && !/level=fatal/.test(line)).length;
    expect([each(/invalid cluster id 256/), each(/=300 is invalid/)]).toEqual([1, 1]);
    expect(said.at(-1)).toMatch(
      /level=fatal msg="failed to start: .*256.*300|level=fatal msg="failed to start: .*300.*256/,
    );
  });

  const started: { what: string; options: () => ServerOptions; says: RegExp }[] = [
    {
      what: 'a kubeconfig that is not there',
      options: () => ({ kubeconfig: join(directory, 'no-such-kubeconfig') }),
      says: /level=fatal msg="failed to start: .*no-such-kubeconfig/,
    },
    {
      what: 'no etcd named',
      options: () => ({ etcd: '', args: [] }),
      says: /etcd\.config or etcd\.address must be specified/,
    },
    {
      what: 'an etcd configuration that is no YAML',
      options: () => ({ args: [`--kvstore-opt=etcd.config=${join(directory, 'broken.yaml')}`] }),
      says: /level=fatal msg="failed to start: .*broken\.yaml:\d+/,
    },
    {
      what: 'custom resources that never come',
      options: () => ({ args: ['--crd-wait-timeout=2s'] }),
      says: /Unable to find all Cilium CRDs necessary within 2s timeout.*crd:ciliumnodes/,
    },
  ];

  it.each(started)('$what: one clear line, exit code 1', async ({ options, says }) => {
    expect((await complaints(options())).filter((line) => !stillWaiting.test(line))).toEqual([
      expect.stringMatching(says),
    ]);
  });

  it('a health port that is taken: one clear line, exit code 1', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, resolve));
    const { port } = holder.address() as AddressInfo;

    const said = await complaints({ args: [`--health-port=${String(port)}`] });
    await new Promise((resolve) => holder.close(resolve));

    expect(said).toEqual([expect.stringMatching(/level=fatal msg="Unable to start health API"/)]);
  });

  // It goes on trying for five minutes, as the original does, and then ends with code 1; nobody waits for that here.
  it('an etcd that refuses TLS: one clear line, not ready, no stack', async () => {
    const kubeconfig = lab.kube.adminKubeconfigPath;
    const server = await startServer({ kubeconfig, args: [`--kvstore-opt=etcd.config=${tlsConfig}`] });
    const said = (): string[] => server.stderrLines.filter((line) => complaint.test(line));
    try {
      await expect.poll(said, { timeout: 30_000 }).not.toEqual([]);

      expect(said()).toEqual([
        expect.stringMatching(/Unable to connect to etcd\. Retrying.*https:\/\/.*TLS/),
      ]);
      expect(await server.readyz()).toEqual({ status: 500, body: 'NotReady' });
      expect(server.stderrLines.filter((line) => stack.test(line))).toEqual([]);
    } finally {
      await server.kill();
    }
  });
});

/** An etcd configuration that speaks TLS to an etcd that does not, and a broken one beside it. */
async function configWithOtherAuthority(directory: string, endpoint: string): Promise<string> {
  const [key, certificate] = [join(directory, 'ca.key'), join(directory, 'ca.crt')];
  const request = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-subj',
    '/CN=somebody else',
    '-days',
    '1',
  ];
  execFileSync('openssl', [...request, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  const config = join(directory, 'tls.yaml');
  const secure = endpoint.replace('http:', 'https:');
  await writeFile(config, `endpoints: ["${secure}"]\ntrusted-ca-file: ${certificate}\n`);
  await writeFile(join(directory, 'broken.yaml'), 'endpoints: [\n  "http://127.0.0.1:1"\n: }\n');
  return config;
}
