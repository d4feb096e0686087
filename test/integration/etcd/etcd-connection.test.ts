import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EtcdConnection } from '../../../src/modules/etcd/etcd-connection.js';
import { TestCa } from '../../support/certs.js';
import { startEtcd, type TestEtcd } from '../../support/etcd.js';
import { EtcdLab } from '../../support/etcd-lab.js';
import { eventually } from '../../support/eventually.js';
import { freePorts } from '../../support/free-ports.js';
import { SecretVolume } from '../../support/secret-volume.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { WatchRecorder } from '../../support/watch-recorder.js';

/** What the files of a client of this etcd hold. */
async function secrets(ca: TestCa, signer = ca): Promise<Record<string, string>> {
  const { cert, key } = await signer.issue('client');
  return { 'ca.crt': ca.cert, 'tls.crt': cert, 'tls.key': key, 'etcd.yaml': '' };
}

function config(volume: SecretVolume, endpoints: readonly string[], more: object = {}): string {
  const files = {
    'trusted-ca-file': volume.path('ca.crt'),
    'cert-file': volume.path('tls.crt'),
    'key-file': volume.path('tls.key'),
  };
  return JSON.stringify({ endpoints, ...files, ...more });
}

describe(EtcdConnection.name, () => {
  let ca: TestCa;
  const cleanups: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    ca = await TestCa.create();
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  const etcdWith = async (tls?: TestCa): Promise<TestEtcd> => {
    const etcd = await startEtcd(tls ? { tls } : {});
    cleanups.push(() => etcd.stop());
    return etcd;
  };
  const volumeFor = async (etcd: TestEtcd, signer = ca, more: object = {}): Promise<SecretVolume> => {
    const volume = await SecretVolume.create(await secrets(ca, signer));
    cleanups.push(() => volume.remove());
    await volume.writeInPlace('etcd.yaml', config(volume, [etcd.endpoint], more));
    return volume;
  };
  const labAt = async (volume: SecretVolume, connect = true): Promise<EtcdLab> => {
    const lab = await EtcdLab.start({ configPath: volume.path('etcd.yaml'), pollMs: 50, connect });
    cleanups.push(() => lab.stop());
    return lab;
  };
  const state = (lab: EtcdLab): string => lab.connection.stageStatus()[0]!.state;
  const reloads = (lab: EtcdLab): number => lab.connection.stageStatus()[0]!.counts['reloads']!;
  /** Tries to connect until a warning tells why it does not work. */
  const firstWarning = async (lab: EtcdLab): Promise<string> => {
    const abort = new AbortController();
    const connecting = lab.connection.connect(abort.signal);
    const warning = await eventually(() => lab.warnings()[0]);
    abort.abort();
    await expect(connecting).rejects.toMatchObject({ kind: 'aborted' });
    return warning;
  };

  it('connects with mutual TLS and shows the member', async () => {
    const etcd = await etcdWith(ca);
    const lab = await labAt(await volumeFor(etcd));
    expect(await lab.kv.get('nothing')).toBeUndefined();
    const [status, quorum] = lab.connection.stageStatus();
    expect(status).toMatchObject({
      name: 'etcd/connection',
      state: 'connected',
      healthy: true,
      details: { endpoint: etcd.endpoint, version: expect.stringMatching(/^3\./) as string },
    });
    expect(status!.details!['clusterId']).toMatch(/^[0-9a-f]{8,16}$/);
    expect(status!.counts['dbSizeBytes']).toBeGreaterThan(0);
    await eventually(() => lab.connection.stageStatus()[1]!.state === 'quorum');
    expect(quorum?.name).toBe('etcd/quorum');
    expect(lab.lines[0]).toMatchObject({ level: 'info', message: 'Initial etcd session established' });
  });

  describe('names the real cause once while it cannot connect:', () => {
    it('nobody listens', async () => {
      const [port] = await freePorts(1);
      const lab = await EtcdLab.start({ address: `http://127.0.0.1:${port}`, connect: false });
      expect(await firstWarning(lab)).toMatch(
        `http://127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}`,
      );
      expect(lab.warnings()).toHaveLength(1);
    });

    it('a server of another authority', async () => {
      const etcd = await etcdWith(await TestCa.create('other-ca'));
      const lab = await labAt(await volumeFor(etcd), false);
      expect(await firstWarning(lab)).toMatch(
        /unable to verify the first certificate|unable to get local issuer/,
      );
      expect(lab.connection.lastError).toMatchObject({ kind: 'unauthenticated' });
    });

    it('a client certificate of another authority', async () => {
      const etcd = await etcdWith(ca);
      const volume = await volumeFor(etcd, await TestCa.create('other-ca'));
      const lab = await labAt(volume, false);
      expect(await firstWarning(lab)).toMatch(/bad certificate/);
      expect(lab.connection.lastError).toMatchObject({ kind: 'unauthenticated' });
    });

    it('a certificate for another name', async () => {
      const etcd = await etcdWith(ca);
      const volume = await volumeFor(etcd);
      // ::1 and 127.0.0.1 are in the certificate, 127.0.0.2 is not.
      const proxy = await TcpProxy.start(etcd.clientPort, '127.0.0.2');
      cleanups.push(() => proxy.stop());
      await volume.writeInPlace('etcd.yaml', config(volume, [`https://127.0.0.2:${proxy.port}`]));
      const lab = await labAt(volume, false);
      expect(await firstWarning(lab)).toMatch(/altnames/);
    });

    it('plain text spoken to a TLS server', async () => {
      const etcd = await etcdWith(ca);
      const lab = await EtcdLab.start({ address: `http://127.0.0.1:${etcd.clientPort}`, connect: false });
      expect(await firstWarning(lab)).toMatch(/Unable to connect to etcd/);
    });
  });

  it('skips verification when told so, and speaks TLS to an endpoint without a scheme', async () => {
    const etcd = await etcdWith(ca);
    const volume = await volumeFor(etcd);
    const bare = [`127.0.0.1:${etcd.clientPort}`];
    const { cert } = await TestCa.create('unrelated');
    await volume.writeInPlace('ca.crt', cert);
    await volume.writeInPlace('etcd.yaml', config(volume, bare, { 'insecure-skip-tls-verify': true }));
    const lab = await labAt(volume);
    expect(await lab.kv.get('nothing')).toBeUndefined();
  });

  it('waits for files that are not there yet', async () => {
    const etcd = await etcdWith();
    const volume = await SecretVolume.create({});
    cleanups.push(() => volume.remove());
    const lab = await labAt(volume, false);
    const connecting = lab.connection.connect(lab.abort.signal);
    await eventually(() => state(lab) === 'waiting-for-files');
    expect(lab.lines[0]).toMatchObject({
      level: 'info',
      message: 'Waiting for all etcd configuration files to be available',
      fields: { file: volume.path('etcd.yaml') },
    });
    await volume.swap({ 'etcd.yaml': JSON.stringify({ endpoints: [etcd.endpoint] }) });
    await connecting;
    expect(state(lab)).toBe('connected');
  });

  it('gives up at once on a configuration that waiting does not cure', async () => {
    const etcd = await etcdWith(ca);
    const volume = await volumeFor(etcd);
    await volume.writeInPlace('tls.key', (await ca.issue('client')).key);
    const lab = await labAt(volume, false);
    await expect(lab.connection.connect(lab.abort.signal)).rejects.toThrow(/tls\.key: .*key values mismatch/);
  });

  it('tries the other endpoints', async () => {
    const [dead] = await freePorts(1);
    const [first, second] = [await etcdWith(), await etcdWith()];
    const volume = await volumeFor(first);
    const endpoints = [`http://127.0.0.1:${dead}`, first.endpoint, second.endpoint];
    await volume.writeInPlace('etcd.yaml', JSON.stringify({ endpoints }));
    const lab = await labAt(volume);
    const used = lab.connection.client().endpoint;
    expect([first.endpoint, second.endpoint]).toContain(used);
    const [lost, left] = used === first.endpoint ? [first, second] : [second, first];
    await lost.kill();
    await eventually(() => lab.connection.client().endpoint === left.endpoint);
    expect(await lab.kv.get('nothing')).toBeUndefined();
  });

  it('shows a lost connection and its return', async () => {
    const etcd = await etcdWith();
    const lab = await EtcdLab.start({ address: etcd.endpoint, pollMs: 50 });
    cleanups.push(() => lab.stop());
    await etcd.kill();
    await eventually(() => state(lab) === 'disconnected');
    expect(lab.connection.stageStatus()[0]!.healthy).toBe(false);
    await eventually(() => lab.warnings().some((line) => line.includes('ECONNREFUSED')));
    await etcd.restart();
    await eventually(() => state(lab) === 'connected');
    expect(lab.lines.at(-1)?.message).toBe('The connection to etcd is back');
    expect(lab.warnings().filter((line) => line.includes('ECONNREFUSED'))).toHaveLength(1);
  });

  it('lets a call that is under way finish when it is closed, and refuses later ones as a fault', async () => {
    const etcd = await etcdWith();
    const proxy = await TcpProxy.start(etcd.clientPort);
    cleanups.push(() => proxy.stop());
    const lab = await EtcdLab.start({ address: `http://127.0.0.1:${proxy.port}`, connect: false });
    await lab.connection.connect(lab.abort.signal);
    const client = lab.connection.client();
    proxy.pause();
    const underWay = lab.kv.txn([{ type: 'put', key: 'w/a', value: '1' }]);
    await eventually(() => client.inFlight === 1);
    client.close();
    const inTheSameTurn = lab.kv.txn([{ type: 'put', key: 'w/b', value: '1' }]);
    await new Promise((resolve) => setImmediate(resolve));
    await expect(lab.kv.get('w/a')).rejects.toMatchObject({ kind: 'unavailable' });
    proxy.resume();
    const revisions = (await Promise.all([underWay, inTheSameTurn])).map(({ revision }) => revision);
    // etcd answers requests that arrive together in any order.
    expect(revisions.toSorted((a, b) => a - b)).toEqual([2, 3]);
    await eventually(() => proxy.connections === 0);
  });

  describe('when certificates change', () => {
    let etcd: TestEtcd;
    let volume: SecretVolume;
    let lab: EtcdLab;
    let seen: WatchRecorder;

    beforeEach(async () => {
      etcd = await etcdWith(ca);
      volume = await volumeFor(etcd);
      lab = await labAt(volume);
      seen = new WatchRecorder();
      lab.spawn((signal) => lab.watcher.watch({ prefix: 'w/' }, 1, seen, signal));
      await eventually(() => seen.times('connected') === 1);
    });

    it('moves to a new client pair without losing a call or an event', async () => {
      const old = lab.connection.client();
      let written = 0;
      const writing = new AbortController();
      const writer = (async () => {
        for (; !writing.signal.aborted; written++) {
          await lab.kv.txn([{ type: 'put', key: `w/${written}`, value: String(written) }]);
        }
      })();
      await volume.swap({ ...(await secrets(ca)), 'etcd.yaml': config(volume, [etcd.endpoint]) });
      await eventually(() => reloads(lab) === 1);
      await eventually(() => seen.times('connected') === 2);
      writing.abort();
      await writer;
      await eventually(() => seen.events.length >= written);
      expect(seen.events).toEqual(Array.from({ length: written }, (_, n) => `create w/${n}=${n}`));
      expect(lab.connection.client()).not.toBe(old);
      expect(lab.warnings()).toEqual([]);
    });

    it('follows a rotation of the authority by a swap of `..data`', async () => {
      const next = await TestCa.create('next-ca');
      await etcd.restart(next);
      await eventually(() => lab.warnings().length > 0);
      const { cert, key } = await next.issue('client');
      const files = { 'ca.crt': next.cert, 'tls.crt': cert, 'tls.key': key };
      await volume.swap({ ...files, 'etcd.yaml': config(volume, [etcd.endpoint]) });
      await eventually(() => state(lab) === 'connected');
      await etcd.client().put('w/after', '1');
      await eventually(() => seen.events.includes('create w/after=1'));
      expect(seen.events).toEqual(['create w/after=1']);
    });

    it('does not take a half-written pair, and takes the whole one later', async () => {
      const { cert, key } = await ca.issue('client');
      const client = lab.connection.client();
      await volume.writeInPlace('tls.crt', cert);
      await eventually(() => lab.warnings().length > 0);
      expect(lab.warnings()).toEqual([
        expect.stringMatching(/keeping the present connection.*key values mismatch/),
      ]);
      expect(lab.connection.client()).toBe(client);
      expect(await lab.kv.get('nothing')).toBeUndefined();
      await volume.writeInPlace('tls.key', key);
      await eventually(() => reloads(lab) === 1);
      expect(lab.warnings()).toHaveLength(1);
      expect(state(lab)).toBe('connected');
    });

    it('keeps what works when the new files do not', async () => {
      const wrong = await (await TestCa.create('wrong')).issue('client');
      await volume.swap({
        'ca.crt': ca.cert,
        'tls.crt': wrong.cert,
        'tls.key': wrong.key,
        'etcd.yaml': config(volume, [etcd.endpoint]),
      });
      await eventually(() => lab.warnings().some((line) => line.includes('keeping the present connection')));
      expect(await lab.kv.get('nothing')).toBeUndefined();
      expect(reloads(lab)).toBe(0);
      await eventually(() => state(lab) === 'connected');
      expect(seen.life).toEqual(['connected']);
    });

    it('follows the configuration file too', async () => {
      const other = await etcdWith();
      await volume.writeInPlace('etcd.yaml', JSON.stringify({ endpoints: [other.endpoint] }));
      await eventually(() => lab.connection.client().endpoint === other.endpoint);
      expect(await lab.kv.get('nothing')).toBeUndefined();
    });
  });
});
