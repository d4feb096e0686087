import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Child, type ChildExit } from '../support/child.js';
import { startEtcd } from '../support/etcd.js';

const program = fileURLToPath(new URL('../../bin/clustermesh-apiserver', import.meta.url));
/** The ports of the contract may be taken on this machine: a network of its own has them free, whoever runs the test. */
const inOwnNetwork = ['--user', '--map-root-user', '--net', '--', 'sh', '-c'];

interface Run extends ChildExit {
  readonly stderr: string;
}

describe('etcdinit', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'etcdinit-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  async function run(script: string, env: Record<string, string> = {}, data = dir): Promise<Run> {
    const child = new Child({
      command: 'unshare',
      args: [...inOwnNetwork, script],
      env: { PROGRAM: program, DATA: data, ...env },
    });
    const exit = await child.exit;
    return { ...exit, stderr: child.stderrLines.join('\n') };
  }

  const loopback = 'ip link set lo up && ';
  const init = 'exec "$PROGRAM" etcdinit --etcd-data-dir="$DATA"';

  it('can have a network of its own here', () => {
    expect(() => execFileSync('unshare', [...inOwnNetwork, 'ip link set lo up'])).not.toThrow();
  });

  it('initializes an etcd on the ports of the contract, twice with the same end', async () => {
    for (const time of ['first', 'second']) {
      const { code, stderr } = await run(loopback + init, { CILIUM_CLUSTER_NAME: 'alpha' });

      expect({ time, code, stderr }).toMatchObject({ time, code: 0 });
      expect(stderr).toContain('--listen-client-urls=http://localhost:2379');
      expect(await readdir(dir)).toEqual(['member']);
    }
    const etcd = await startEtcd({ dataDir: dir });
    await expect(etcd.client().list('cilium')).rejects.toThrow(/user name is empty/);
    await etcd.stop();
  });

  it('leaves alone an etcd that is there already, and everything else', async () => {
    const data = join(dir, 'ours');
    await mkdir(join(data, 'member'), { recursive: true });
    const stranger = '/usr/bin/etcd --data-dir="$DATA/../theirs" --log-level=error & theirs=$!; ';
    const listening = `until node -e "require('net').connect(2379,'127.0.0.1').on('error',()=>process.exit(1)).on('connect',()=>process.exit(0))"; do :; done; `;
    const ours = '"$PROGRAM" etcdinit --etcd-data-dir="$DATA"; code=$?; ';
    const end = 'kill $theirs; wait $theirs; exit $code';

    const { code, stderr } = await run(loopback + stranger + listening + ours + end, {}, data);

    expect({ code, stderr }).toMatchObject({ code: 255 });
    expect(stderr).toContain('something listens on port 2379 of localhost already');
    expect(await readdir(data)).toEqual(['member']);
  });

  it('gives up in time without a loopback interface', async () => {
    const { code, stderr } = await run(init, { CILIUM_TIMEOUT: '3s' });

    expect({ code, stderr }).toMatchObject({ code: 255 });
    expect(stderr).toContain('setting key cilium/.has-cluster-config: context deadline exceeded');
    expect(stderr).toContain('--timeout or CILIUM_TIMEOUT');
  });

  it('exits with 1 for a wrong flag and with 255 for a wrong directory', async () => {
    await writeFile(join(dir, 'file'), '');

    expect((await run(`${init} --nope`)).code).toBe(1);
    expect((await run(init)).code).toBe(255);
    expect((await run(init, {}, join(dir, 'nope'))).code).toBe(255);
    expect(await readdir(dir)).toEqual(['file']);
  });
});
