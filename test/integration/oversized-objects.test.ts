import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DevApiServer } from '../../dev/api-server/dev-api-server.js';
import { startEtcd, type TestEtcd } from '../support/etcd.js';
import { eventually } from '../support/eventually.js';
import type { TestObject } from '../support/kube-client.js';
import { startServer, type ServerProcess } from '../support/server-process.js';

const node = (name: string, annotation: string): TestObject => ({
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumNode',
  metadata: { name, annotations: { note: annotation } },
  spec: {},
});

const keyOf = (name: string): string => `cilium/state/nodes/v1/east/${name}`;

/** More than a real API server lets through (256 KiB of annotations), which is why this runs against the development one. */
const mebibyte = 2 ** 20;

describe('an annotation of a megabyte and more', () => {
  const api = new DevApiServer();
  let directory: string;
  let etcd: TestEtcd;
  let server: ServerProcess;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'oversized-'));
    etcd = await startEtcd();
    await api.listen();
    const kubeconfig = join(directory, 'kubeconfig');
    await api.writeKubeconfig(kubeconfig);
    server = await startServer({ kubeconfig, etcd: etcd.endpoint });
    await server.waitReady();
  });
  afterAll(async () => {
    await server.kill();
    await api.close();
    await etcd.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const stored = (name: string): Promise<string> =>
    eventually(() => etcd.client().get(keyOf(name)), { what: keyOf(name) });

  it('is written as any other, 1 MiB', async () => {
    const text = 'x'.repeat(mebibyte);
    api.apply(node('big', text));
    api.apply(node('small-1', 'x'));

    expect(await stored('small-1')).toContain('"Annotations":{"note":"x"}');
    expect(await stored('big')).toContain(text);
  });

  it('is refused by etcd at 2 MiB: logged once with its key, counted, the others are written, and so is it when mended', async () => {
    const complaints = (): string[] =>
      server.stderrLines.filter((line) => line.includes('too-big') && /level=(?:warning|error)/.test(line));
    const errors = async (): Promise<number> => {
      const found = /kvstore_sync_errors_total\{[^}]*scope="nodes\/v1"[^}]*\} (\d+)/.exec(
        await server.metrics(),
      );
      return Number(found?.[1] ?? 0);
    };
    const before = await errors();

    api.apply(node('too-big', 'x'.repeat(2 * mebibyte)));
    for (let index = 0; index < 20; index++) api.apply(node(`beside-${String(index)}`, 'x'));
    for (let index = 0; index < 20; index++)
      expect(await stored(`beside-${String(index)}`)).toContain('"note":"x"');
    await eventually(() => complaints().length > 0, { what: 'a complaint about too-big' });
    api.apply(node('afterwards', 'x'));
    await stored('afterwards');

    expect(complaints()).toHaveLength(1);
    expect(await errors()).toBeGreaterThan(before);
    expect(await etcd.client().get(keyOf('too-big'))).toBeUndefined();

    api.apply(node('too-big', 'mended'));

    expect(await stored('too-big')).toContain('mended');
  });
});
