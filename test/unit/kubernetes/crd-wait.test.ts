import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/common/clock.js';
import { waitForCrds } from '../../../src/modules/kubernetes/crd-wait.js';
import type { KubeTransport } from '../../../src/modules/kubernetes/kube-transport.js';
import { eventually } from '../../support/eventually.js';
import { FakeKubeServer } from '../../support/fake-kube-server.js';
import { recordingLog, transportTo } from '../../support/reflector-lab.js';

const crds = ['ciliumnodes', 'ciliumidentities', 'ciliumendpoints', 'ciliumexternalworkloads'];

describe(waitForCrds, () => {
  let server: FakeKubeServer;
  let api: KubeTransport;
  let recorded: ReturnType<typeof recordingLog>;

  beforeEach(async () => {
    server = await FakeKubeServer.start();
    server.put('others.example.org', {});
    api = transportTo(server.url);
    recorded = recordingLog();
  });

  afterEach(async () => {
    api.closeAll();
    await server.close();
  });

  const wait = (timeoutMs: number, signal = new AbortController().signal): Promise<void> =>
    waitForCrds({ api, timeoutMs, clock: systemClock, log: recorded.log, random: Math.random }, signal);
  const infos = (): string[] =>
    recorded.lines.filter(({ level }) => level === 'info').map(({ message }) => message);

  it('resolves when all four are there, listed or watched, and leaves the watch', async () => {
    server.put(`${crds[0]!}.cilium.io`, {});
    const found = wait(10_000);
    await eventually(() => server.openWatches === 1);
    for (const crd of crds.slice(1)) server.put(`${crd}.cilium.io`, {});
    await found;
    expect(infos()).toEqual([
      'Waiting until all Cilium CRDs are available',
      'All Cilium CRDs have been found and are available',
    ]);
    await eventually(() => server.openWatches === 0);
  });

  it('asks for nothing but metadata', async () => {
    for (const crd of crds) server.put(`${crd}.cilium.io`, {});
    await wait(10_000);
    expect(server.requests[0]).toContain('GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions?');
    expect(server.headers[0]?.accept).toBe(
      'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json',
    );
  });

  it('names the missing ones each second, and at the end', async () => {
    server.put(`ciliumnodes.cilium.io`, {});
    const missing =
      '[crd:ciliumendpoints.cilium.io crd:ciliumexternalworkloads.cilium.io crd:ciliumidentities.cilium.io]';
    await expect(wait(1500)).rejects.toMatchObject({
      exitCode: 1,
      prefixed: false,
      message:
        'Unable to find all Cilium CRDs necessary within 1.5s timeout. Please ensure that Cilium Operator is running, ' +
        `as it's responsible for registering all the Cilium CRDs. The following CRDs were not found: ${missing}`,
    });
    expect(infos()[1]).toBe(`Still waiting for Cilium Operator to register the following CRDs: ${missing}`);
  });

  it('returns quietly when told to stop', async () => {
    const abort = new AbortController();
    const waiting = wait(60_000, abort.signal);
    await eventually(() => server.openWatches === 1);
    abort.abort();
    await waiting;
    expect(infos()).toHaveLength(1);
  });
});
