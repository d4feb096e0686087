import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Reflector } from '../../../src/modules/kubernetes/reflector.js';
import { eventually } from '../../support/eventually.js';
import { type Fault, FakeKubeServer } from '../../support/fake-kube-server.js';
import { ReflectorLab } from '../../support/reflector-lab.js';

const expired: Fault = { kind: 'status', status: 410, reason: 'Expired' };
const cached = 'resourceVersion=0&limit=500';
const newest = 'resourceVersion=&limit=500';

describe(`pages of a ${Reflector.name}`, () => {
  let server: FakeKubeServer;
  let lab: ReflectorLab;

  beforeEach(async () => {
    server = await FakeKubeServer.start();
    server.put('a', 1);
    server.put('b', 2);
    lab = new ReflectorLab(server);
  });

  afterEach(async () => {
    await lab.stop();
    await server.close();
  });

  const watching = (): Promise<unknown> =>
    eventually(() => server.openWatches === 1 && lab.status.state === 'watching', { what: 'watching' });
  const lists = (): string[] =>
    server.requests
      .filter((request) => !request.includes('watch=true'))
      .map((request) => request.split('?')[1] ?? '');

  it('are read all, and none twice', async () => {
    for (let i = 0; i < 25; i++) server.put(`n${String(i)}`, i);
    server.forcePages = true;
    await lab.stop();
    lab = new ReflectorLab(server, { pageLimit: 10 });
    lab.run();
    await watching();
    expect(lab.sink.state).toEqual(server.state);
    expect(lab.sink.calls).toHaveLength(28);
    expect(lists().map((query) => query.includes('resourceVersion='))).toEqual([true, false, false]);
  });

  it('are not asked for by a relist, which then sees at once what is there now', async () => {
    lab.run();
    await watching();
    server.endWatches();
    server.remove('b');
    server.put('c', 5);
    server.compact();
    await eventually(() => lab.sink.state.has('c') && lab.status.state === 'watching');
    expect(lab.sink.state).toEqual(server.state);
    expect(lists()).toEqual([cached, 'resourceVersion=102']);
  });

  it('are not asked for by a resync', async () => {
    lab.run();
    await watching();
    await lab.reflector.resync();
    expect(lists()).toEqual([cached, 'resourceVersion=102']);
  });

  it('are asked for again when the version is gone', async () => {
    lab.run();
    await watching();
    server.faults.watch.push({ kind: 'status', status: 410 });
    server.faults.list.push(expired);
    server.endWatches();
    await eventually(() => lab.status.counts.relists === 1);
    expect(lists()).toEqual([cached, 'resourceVersion=102', newest]);
  });

  it('are given up when they expire again and again', async () => {
    server.faults.list.push(expired, expired, expired);
    lab.run();
    await watching();
    expect(lists()).toEqual([cached, newest, newest, 'resourceVersion=']);
  });

  it('are still asked for after an outage', async () => {
    server.faults.list.push(...Array.from({ length: 4 }, (): Fault => ({ kind: 'status', status: 503 })));
    lab.run();
    await watching();
    expect(lists()).toEqual([cached, cached, cached, cached, cached]);
  });
});
