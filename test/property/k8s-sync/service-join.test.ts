import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ServiceJoin } from '../../../src/modules/k8s-sync/projections/service-join.js';
import type { KubeObject } from '../../../src/modules/kubernetes/kube-api.js';

const ctx = { clusterName: 'east', clusterId: 3 };
const services = ['shop/a', 'shop/b', 'shop/c'];
const slices = ['shop/s1', 'shop/s2', 'shop/s3', 'shop/s4'];

const service = fc.record({
  type: fc.constantFrom('ClusterIP', 'ClusterIP', 'NodePort', 'ExternalName'),
  clusterIP: fc.constantFrom('10.96.0.1', '10.96.0.1', 'None', ''),
  global: fc.constantFrom('true', 'true', 'false'),
  port: fc.constantFrom(80, 443),
});
type ServiceSpec = Parameters<Parameters<typeof service.map>[0]>[0];

const port = fc.record({ name: fc.constantFrom('http', 'admin'), port: fc.integer({ min: 1, max: 3 }) });
const endpoint = fc.record({
  addresses: fc.array(fc.constantFrom('10.1.0.1', '10.1.0.2', 'fd10::1', 'FD10::1', 'nope'), {
    maxLength: 2,
  }),
  hostname: fc.constantFrom('', 'h1', 'h2'),
  ready: fc.constantFrom(true, true, false),
});
const slice = fc.record({
  owner: fc.constantFrom<string[]>('a', 'b', 'c', ''),
  addressType: fc.constantFrom('IPv4', 'IPv6', 'IPv4', 'FQDN'),
  ports: fc.array(port, { maxLength: 2 }),
  endpoints: fc.array(endpoint, { maxLength: 3 }),
});
type SliceSpec = Parameters<Parameters<typeof slice.map>[0]>[0];

type Event =
  | { readonly kind: 'service'; readonly key: string; readonly spec: ServiceSpec | null }
  | { readonly kind: 'slice'; readonly key: string; readonly spec: SliceSpec | null }
  | { readonly kind: 'flush' };

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    kind: fc.constant('service' as const),
    key: fc.constantFrom(...services),
    spec: fc.option(service, { freq: 4 }),
  }),
  fc.record({
    kind: fc.constant('slice' as const),
    key: fc.constantFrom(...slices),
    spec: fc.option(slice, { freq: 4 }),
  }),
  fc.constant({ kind: 'flush' as const }),
);

const named = (key: string): { namespace: string; name: string } => {
  const [namespace = '', name = ''] = key.split('/');
  return { namespace, name };
};

function serviceObject(key: string, { type, clusterIP, global, port: number }: ServiceSpec): KubeObject {
  const metadata = { ...named(key), annotations: { 'service.cilium.io/global': global } };
  return { metadata, spec: { type, clusterIP, ports: [{ port: number }] } } as KubeObject;
}

function sliceObject(key: string, { owner, addressType, ports, endpoints }: SliceSpec): KubeObject {
  const metadata = { ...named(key), labels: { 'kubernetes.io/service-name': owner } };
  const items = endpoints.map(({ ready, ...rest }) => ({ ...rest, conditions: { ready } }));
  return { metadata, addressType, ports, endpoints: items } as unknown as KubeObject;
}

/** The join under test, and the table that it would fill in etcd. */
class Mirror {
  readonly table = new Map<string, string>();
  private readonly join: ServiceJoin;

  constructor(exportAll: boolean) {
    this.join = new ServiceJoin({ ctx, exportAll });
  }

  handle(event: Event): void {
    if (event.kind === 'flush') this.flush();
    else if (event.kind === 'service') {
      if (event.spec) this.join.serviceUpsert(event.key, serviceObject(event.key, event.spec));
      else this.join.serviceDelete(event.key);
    } else if (event.spec) this.join.backendsUpsert(event.key, sliceObject(event.key, event.spec), 'slice');
    else this.join.backendsDelete(event.key);
  }

  flush(): void {
    for (const key of this.join.takeDirty()) {
      const [entry] = this.join.project(key).entries;
      if (entry) this.table.set(key, entry.value);
      else this.table.delete(key);
    }
  }
}

/** What the API server holds, and which services have been exported and have qualified ever since. */
class Model {
  readonly objects = new Map<string, Event>();
  readonly once = new Set<string>();

  constructor(private readonly exportAll: boolean) {}

  handle(event: Event): void {
    if (event.kind === 'flush') return;
    if (event.spec) this.objects.set(event.key, event);
    else this.objects.delete(event.key);
    for (const key of services) {
      if (!this.qualifies(key)) this.once.delete(key);
      else if (this.hasSlice(key)) this.once.add(key);
    }
  }

  private qualifies(key: string): boolean {
    const held = this.objects.get(key);
    if (held?.kind !== 'service' || !held.spec) return false;
    const { type, clusterIP, global } = held.spec;
    return type !== 'ExternalName' && clusterIP !== '' && (this.exportAll || global === 'true');
  }

  hasSlice(key: string): boolean {
    return [...this.objects.values()].some(
      (held) => held.kind === 'slice' && `shop/${held.spec?.owner}` === key,
    );
  }
}

/** A fresh start with what there is at the end; services that were exported once get a slice that has no backends. */
function freshTable(model: Model, exportAll: boolean): Map<string, string> {
  const fresh = new Mirror(exportAll);
  for (const held of [...model.objects.values()].reverse()) fresh.handle(held);
  for (const key of model.once) {
    const spec: SliceSpec = { owner: named(key).name, addressType: 'FQDN', ports: [], endpoints: [] };
    if (!model.hasSlice(key)) fresh.handle({ kind: 'slice', key: `${key}-none`, spec });
  }
  fresh.flush();
  return fresh.table;
}

describe(ServiceJoin.name, () => {
  it('ends as a fresh start would, whatever the events, their order and the moments of projecting', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), fc.boolean(), (events, exportAll) => {
        const mirror = new Mirror(exportAll);
        const model = new Model(exportAll);

        for (const one of events) {
          mirror.handle(one);
          model.handle(one);
        }
        mirror.flush();

        expect(mirror.table).toEqual(freshTable(model, exportAll));
      }),
      { numRuns: 1500 },
    );
  });
});
