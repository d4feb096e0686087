import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/common/clock.js';
import { ComplaintBook } from '../../../src/modules/k8s-sync/complaint-book.js';
import { ServiceJoin } from '../../../src/modules/k8s-sync/projections/service-join.js';
import { ServicesPipeline } from '../../../src/modules/k8s-sync/services-pipeline.js';
import type { KubeObject } from '../../../src/modules/kubernetes/kube-api.js';
import { DesiredState } from '../../../src/modules/mirror/desired-state.js';
import { type LogLine, recordingLog } from '../../support/recording-log.js';

function service(name = 'web'): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'shop', name, annotations: { 'service.cilium.io/global': 'true' } },
    spec: { type: 'ClusterIP', clusterIP: '10.96.0.1', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
  } as KubeObject;
}

/** A slice of `count` backends whose port tells which version it is. */
function slice(count: number, port: number, of = 'web'): KubeObject {
  const endpoints = Array.from({ length: count }, (_, i) => ({ addresses: [`10.1.${i >> 8}.${i & 255}`] }));
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'shop', name: `${of}-1`, labels: { 'kubernetes.io/service-name': of } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port, protocol: 'TCP' }],
    endpoints,
  } as KubeObject;
}

describe(ServicesPipeline.name, () => {
  let desired: DesiredState;
  let sut: ServicesPipeline;
  let projections: number;
  let listed: number;
  let lines: LogLine[];
  let rejected: string[];
  /** Services whose projection throws. */
  let broken: Set<string>;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'setImmediate', 'performance'] });
    desired = new DesiredState([
      { name: 'services/v1', target: { prefix: 'cilium/state/services/v1/east/' } },
    ]);
    projections = 0;
    listed = 0;
    lines = [];
    rejected = [];
    broken = new Set();
    const join = new ServiceJoin({ ctx: { clusterName: 'east', clusterId: 3 }, exportAll: false });
    const project = join.project.bind(join);
    join.project = (key) => {
      projections++;
      if (broken.has(key)) throw new Error(`cannot project ${key}`);
      return project(key);
    };
    sut = new ServicesPipeline({
      desired,
      scope: desired.scope('services/v1'),
      join,
      backends: 'slice',
      complaints: new ComplaintBook('services', recordingLog(lines), (resource) => rejected.push(resource)),
      clock: systemClock,
      onListed: () => listed++,
    });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const value = (name = 'web'): string =>
    desired.scope('services/v1').records.get(`cilium/state/services/v1/east/shop/${name}`)?.want ?? '';

  it('projects a service once for a run of events', async () => {
    sut.services.upsert('shop/web', service());
    for (let port = 8000; port < 8100; port++) sut.backends.upsert('shop/web-1', slice(3, port));
    await vi.advanceTimersByTimeAsync(1);

    expect(projections).toBe(1);
    expect(value()).toContain('"Port":8099');
  });

  it('projects a large service at most 20 times a second, and ends with its last state', async () => {
    sut.services.upsert('shop/web', service());
    sut.backends.upsert('shop/web-1', slice(5000, 8000));
    await vi.advanceTimersByTimeAsync(1);
    projections = 0;

    for (let change = 1; change <= 100; change++) {
      sut.backends.upsert('shop/web-1', slice(5000, 8000 + change));
      await vi.advanceTimersByTimeAsync(10);
    }
    expect(projections).toBeGreaterThan(10);
    expect(projections).toBeLessThan(20);

    await vi.advanceTimersByTimeAsync(55);
    expect(value()).toContain('"Port":8100');
  });

  it('does not hold small services up', async () => {
    sut.services.upsert('shop/web', service());
    for (let port = 8000; port < 8050; port++) {
      sut.backends.upsert('shop/web-1', slice(3, port));
      await vi.advanceTimersByTimeAsync(1);
      expect(value()).toContain(`"Port":${port}`);
    }
  });

  it('is listed when both its sources are, with everything projected', () => {
    sut.services.upsert('shop/web', service());
    sut.services.synced();
    sut.backends.upsert('shop/web-1', slice(3, 8000));
    expect(listed).toBe(0);
    sut.backends.synced();

    expect(listed).toBe(1);
    expect(value()).toContain('"Port":8000');
  });

  describe('with a large service that was held when its list ended', () => {
    beforeEach(async () => {
      sut.services.upsert('shop/web', service());
      sut.services.upsert('shop/small', service('small'));
      sut.services.synced();
      sut.backends.upsert('shop/web-1', slice(5000, 8000));
      sut.backends.upsert('shop/small-1', slice(1, 8000, 'small'));
      await vi.advanceTimersByTimeAsync(1);
      sut.backends.upsert('shop/web-1', slice(5000, 8001));
      await vi.advanceTimersByTimeAsync(30);
      sut.backends.synced();
      projections = 0;
    });

    it('projects another service that changes', async () => {
      sut.backends.upsert('shop/small-1', slice(1, 8002, 'small'));
      await vi.advanceTimersByTimeAsync(1);
      expect(value('small')).toContain('"Port":8002');
    });

    it('projects the large one again, no sooner than it may', async () => {
      sut.backends.upsert('shop/web-1', slice(5000, 8002));
      await vi.advanceTimersByTimeAsync(50);
      expect(value()).toContain('"Port":8001');
      await vi.advanceTimersByTimeAsync(10);
      expect(value()).toContain('"Port":8002');
      expect(projections).toBe(1);
    });
  });

  describe('with a service whose projection throws', () => {
    beforeEach(() => {
      broken.add('shop/bad');
      sut.services.upsert('shop/bad', service('bad'));
      sut.services.upsert('shop/web', service());
      sut.backends.upsert('shop/bad-1', slice(1, 8000, 'bad'));
      sut.backends.upsert('shop/web-1', slice(5000, 8000));
    });

    const errors = (): LogLine[] => lines.filter(({ level }) => level === 'error');

    it('projects the others, and says so once', async () => {
      await vi.advanceTimersByTimeAsync(1);
      sut.backends.upsert('shop/bad-1', slice(1, 8001, 'bad'));
      await vi.advanceTimersByTimeAsync(1);

      expect(value()).toContain('"Port":8000');
      expect(errors()).toEqual([
        {
          level: 'error',
          message: 'Unable to handle object, skipping it',
          fields: { resource: 'services', object: 'shop/bad', error: new Error('cannot project shop/bad') },
        },
      ]);
      expect(rejected).toEqual(['services']);
    });

    it('projects it when its projection no longer throws', async () => {
      await vi.advanceTimersByTimeAsync(1);
      broken.clear();
      sut.backends.upsert('shop/bad-1', slice(1, 8001, 'bad'));
      await vi.advanceTimersByTimeAsync(1);
      expect(value('bad')).toContain('"Port":8001');
    });

    it('keeps the value of a large one that throws when its turn comes', async () => {
      await vi.advanceTimersByTimeAsync(1);
      broken.add('shop/web');
      sut.backends.upsert('shop/web-1', slice(5000, 8001));
      await vi.advanceTimersByTimeAsync(60);

      expect(value()).toContain('"Port":8000');
      expect(errors().map(({ fields }) => fields.object)).toEqual(['shop/bad', 'shop/web']);
    });

    it('is listed all the same', () => {
      sut.services.synced();
      sut.backends.synced();
      expect(listed).toBe(1);
      expect(value()).toContain('"Port":8000');
    });
  });
});
