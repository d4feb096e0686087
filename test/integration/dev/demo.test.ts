import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Child } from '../../support/child.js';
import { eventually } from '../../support/eventually.js';

const script = fileURLToPath(new URL('../../../scripts/demo.mjs', import.meta.url));
const scratch = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

function demo(...args: string[]): Child {
  return new Child({ command: process.execPath, args: [script, ...args] });
}

/** Programs that this process started, with their command lines. */
function childrenOf({ pid }: Child): { pid: number; command: string }[] {
  const own = `/proc/${String(pid)}`;
  const children = readFileSync(`${own}/task/${String(pid)}/children`, 'utf8').split(' ');
  return children
    .filter((child) => child !== '')
    .map((child) => ({
      pid: Number(child),
      command: readFileSync(`/proc/${child}/cmdline`, 'utf8').replaceAll('\0', ' '),
    }));
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${String(pid)}`);
}

function folders(): string[] {
  return readdirSync(scratch).filter((name) => name.startsWith('clustermesh-demo-'));
}

async function started(sut: Child): Promise<void> {
  const watching = (): boolean => {
    if (sut.exited) throw new Error(`the demo ended:\n${sut.stdoutLines.join('\n')}\n${sut.tail()}`);
    return sut.stdoutLines.some((line) => line.includes('Ctrl-C ends everything'));
  };
  await eventually(watching, { timeoutMs: 150_000, what: 'the demo to start' });
}

// The first one may have to build.
describe('npm run demo', { timeout: 240_000 }, () => {
  it('--once shows the keys of the example cluster and checks them', async () => {
    const before = folders();
    const sut = demo('--once');

    const { code } = await sut.exit;

    expect({ code, log: code === 0 ? '' : sut.tail() }).toEqual({ code: 0, log: '' });
    const keys = sut.stdoutLines
      .map((line) => line.trim().split(' ')[0]!)
      .filter((key) => key.startsWith('cilium/'));
    expect(keys).toHaveLength(18);
    expect(keys).toContain('cilium/state/services/v1/demo/shop/cart');
    expect(keys).not.toContain('cilium/state/services/v1/demo/shop/catalog');
    expect(folders()).toEqual(before);
  });

  it('--once checks a generated cluster too', async () => {
    const sut = demo('--nodes=3', '--identities=20', '--endpoints=100', '--services=5', '--once');

    const { code } = await sut.exit;

    expect({ code, log: code === 0 ? '' : sut.tail() }).toEqual({ code: 0, log: '' });
    // 3 + 20 + 2 * 100 + 5 of the cluster; four canaries, the cluster's config and the heartbeat.
    expect(sut.stdoutLines.join('\n')).toContain('234 keys in etcd');
  });

  it('leaves nothing behind after Ctrl-C', async () => {
    const before = folders();
    const sut = demo();
    await started(sut);
    const children = childrenOf(sut);
    expect(children.map(({ command }) => command.includes('etcd'))).toContain(true);
    expect(children).toHaveLength(2);

    process.kill(sut.pid, 'SIGINT');

    expect((await sut.exit).code).toBe(0);
    expect(children.filter(({ pid }) => isAlive(pid))).toEqual([]);
    expect(folders()).toEqual(before);
  });

  it('says which program ended by itself, and leaves nothing behind', async () => {
    const before = folders();
    const sut = demo();
    await started(sut);
    const children = childrenOf(sut);
    const mirror = children.find(({ command }) => command.includes('--cluster-name'))!;

    process.kill(mirror.pid, 'SIGKILL');

    expect((await sut.exit).code).toBe(1);
    expect(sut.stderrLines.join('\n')).toContain('clustermesh-apiserver ended by itself (signal SIGKILL)');
    expect(children.filter(({ pid }) => isAlive(pid))).toEqual([]);
    expect(folders()).toEqual(before);
  });

  it('--mesh --once shows the service of every cluster in the first, and checks all keys there', async () => {
    const before = folders();
    const sut = demo('--mesh', '3', '--once');

    const { code } = await sut.exit;

    expect({ code, log: code === 0 ? '' : sut.tail() }).toEqual({ code: 0, log: '' });
    const output = sut.stdoutLines.join('\n');
    expect(output).toMatch(
      /Created shop\/cart in cluster-2: cilium\/cache\/services\/v1\/cluster-2\/shop\/cart in the etcd of cluster-1 after \d+ ms/,
    );
    const table = sut.stdoutLines.filter((line) => line.startsWith('cluster-')).slice(-3);
    expect(table.map((line) => line.replace(/\d+ ms *$/, 'n ms').replaceAll(/ {2,}/g, ' | '))).toEqual([
      'cluster-1 | its own | 2 | 6 | 2 | 1 | yes | n ms',
      'cluster-2 | connected, ready | 3 | 9 | 2 | 1 | yes | n ms',
      'cluster-3 | connected, ready | 4 | 12 | 2 | 1 | yes | n ms',
    ]);
    // Of each cluster nodes, addresses, identities, a service, a config and four canaries; and the heartbeat.
    expect(output).toContain('All 61 keys');
    expect(folders()).toEqual(before);
  });

  it('--mesh tells where the status page of kvstoremesh is, and leaves nothing behind after Ctrl-C', async () => {
    const before = folders();
    const sut = demo('--mesh', '2');
    await started(sut);
    const children = childrenOf(sut);
    expect(children).toHaveLength(5);
    const [, page = ''] = /^ {2}status +(\S+) \(in a browser\)$/m.exec(sut.stdoutLines.join('\n')) ?? [];
    const { stages } = (await (await fetch(`${page}status`)).json()) as { stages: { name: string }[] };
    expect(stages.map(({ name }) => name)).toContain('remote/cluster-2');

    process.kill(sut.pid, 'SIGINT');

    expect((await sut.exit).code).toBe(0);
    expect(children.filter(({ pid }) => isAlive(pid))).toEqual([]);
    expect(folders()).toEqual(before);
  });

  it('refuses --mesh beside the size of a single cluster', async () => {
    const sut = demo('--mesh', '3', '--nodes', '3');

    expect((await sut.exit).code).toBe(2);
    expect(sut.stderrLines.join('\n')).toContain('--mesh has its own objects');
  });

  it('refuses an option that it does not have', async () => {
    const sut = demo('--nodez', '3');

    expect((await sut.exit).code).toBe(2);
    expect(sut.stderrLines.join('\n')).toContain('--nodez');
  });
});
