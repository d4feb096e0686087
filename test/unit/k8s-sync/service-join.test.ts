import { describe, expect, it } from 'vitest';
import { ServiceJoin } from '../../../src/modules/k8s-sync/projections/service-join.js';
import type { KubeObject } from '../../../src/modules/kubernetes/kube-api.js';

const ctx = { clusterName: 'east', clusterId: 3 };
const key = 'shop/web';

function service(changes: { metadata?: object; spec?: object } = {}): KubeObject {
  return {
    metadata: {
      namespace: 'shop',
      name: 'web',
      annotations: { 'service.cilium.io/global': 'true' },
      ...changes.metadata,
    },
    spec: { type: 'ClusterIP', clusterIP: '10.96.0.9', ports: [{ name: 'http', port: 80 }], ...changes.spec },
  } as KubeObject;
}

function slice(
  name: string,
  endpoints: object[],
  ports: object[] = [{ name: 'http', port: 8080 }],
  owner = 'web',
): KubeObject {
  const labels = { 'kubernetes.io/service-name': owner };
  return {
    metadata: { namespace: 'shop', name, labels },
    addressType: 'IPv4',
    endpoints,
    ports,
  } as unknown as KubeObject;
}

const at = (...addresses: string[]): object[] => [{ addresses }];

interface Value {
  readonly frontends: unknown;
  readonly backends: Readonly<Record<string, unknown>>;
  readonly hostnames: unknown;
}

class Lab {
  readonly sut: ServiceJoin;

  constructor(exportAll = true) {
    this.sut = new ServiceJoin({ ctx, exportAll });
  }

  slice(name: string, ...rest: [object[], object[]?, string?]): this {
    this.sut.backendsUpsert(`shop/${name}`, slice(name, ...rest), 'slice');
    return this;
  }

  service(changes?: { metadata?: object; spec?: object }): this {
    this.sut.serviceUpsert(key, service(changes));
    return this;
  }

  dirty(): string[] {
    return [...this.sut.takeDirty()];
  }

  value(of = key): Value | undefined {
    const entry = this.sut.project(of).entries[0];
    return entry && (JSON.parse(entry.value) as Value);
  }
}

describe(ServiceJoin.name, () => {
  it('tells each service to project once, however many its events', () => {
    const lab = new Lab()
      .service()
      .slice('a', at('10.1.0.1'))
      .slice('b', at('10.1.0.2'))
      .slice('a', at('10.1.0.3'));

    expect(lab.dirty()).toEqual([key]);
    expect(lab.dirty()).toEqual([]);
  });

  it('says nothing of a service without slices, nor of slices without a service', () => {
    expect(new Lab().service().dirty()).toEqual([]);
    expect(new Lab().slice('a', at('10.1.0.1')).dirty()).toEqual([]);
  });

  it('is not moved by events that change nothing', () => {
    const lab = new Lab().service().slice('a', at('10.1.0.1'));
    lab.dirty();

    lab.service({ metadata: { resourceVersion: '2' } }).slice('a', at('10.1.0.1'));

    expect(lab.dirty()).toEqual([]);
  });

  const changes: [string, object[], object[]][] = [
    ['hostname', [{ addresses: ['10.1.0.1'], hostname: 'h' }], [{ name: 'http', port: 8080 }]],
    ['address', at('10.1.0.2'), [{ name: 'http', port: 8080 }]],
    ['port', at('10.1.0.1'), [{ name: 'http', port: 8081 }]],
    [
      'readiness',
      [{ addresses: ['10.1.0.1'], conditions: { ready: false } }],
      [{ name: 'http', port: 8080 }],
    ],
    ['bad address', at('10.1.0.1', 'nope'), [{ name: 'http', port: 8080 }]],
  ];
  for (const [what, endpoints, ports] of changes) {
    it(`is moved by another ${what}`, () => {
      const lab = new Lab().service().slice('a', at('10.1.0.1'));
      lab.dirty();

      lab.slice('a', endpoints, ports);

      expect(lab.dirty()).toEqual([key]);
    });
  }

  it('gives the key up when the service becomes an ExternalName', () => {
    const lab = new Lab().service().slice('a', at('10.1.0.1'));
    lab.dirty();

    lab.service({ spec: { type: 'ExternalName' } });

    expect(lab.dirty()).toEqual([key]);
    expect(lab.sut.project(key)).toEqual({ kind: 'entries', entries: [], complaints: [] });
  });

  it('waits for a slice again after the service stopped qualifying', () => {
    const lab = new Lab(false).service().slice('a', at('10.1.0.1'));
    lab.sut.backendsDelete('shop/a');
    expect(lab.value()?.backends).toEqual({});

    lab.service({ metadata: { annotations: {} } }).service();
    expect(lab.value()).toBeUndefined();

    lab.slice('a', at('10.1.0.1'));
    expect(lab.value()?.backends).toHaveProperty('10.1.0.1');
  });

  it('moves a relabelled slice, and marks both services', () => {
    const lab = new Lab().service().slice('a', at('10.1.0.1'));
    const other = { namespace: 'shop', name: 'other' };
    lab.sut.serviceUpsert('shop/other', service({ metadata: other }));
    lab.dirty();

    lab.slice('a', at('10.1.0.1'), undefined, 'other');

    expect(lab.dirty().sort()).toEqual(['shop/other', key]);
    expect(lab.value()?.backends).toEqual({});
    expect(lab.value('shop/other')?.backends).toHaveProperty('10.1.0.1');
  });

  it('lets the first slice by name decide where slices disagree, in whatever order they came', () => {
    const first = [{ addresses: ['10.1.0.1'], hostname: 'first' }];
    const second = [{ addresses: ['10.1.0.1'], hostname: 'second' }];
    const both = [
      { name: 'http', port: 2 },
      { name: 'admin', port: 3 },
    ];
    const lab = new Lab()
      .service()
      .slice('b', second, both)
      .slice('a', first, [{ name: 'http', port: 1 }]);

    expect(lab.value()).toMatchObject({
      backends: { '10.1.0.1': { admin: { Protocol: 'TCP', Port: 3 }, http: { Protocol: 'TCP', Port: 1 } } },
      hostnames: { '10.1.0.1': 'first' },
    });
  });

  it('says which backend addresses it skipped, and that of each slice', () => {
    const lab = new Lab()
      .service()
      .slice('a', at('nope', '10.1.0.1', '010.1.0.1'))
      .slice('b', at('10.1.0.2'));

    expect(lab.sut.project(key).complaints).toEqual([
      {
        message: 'Skipping backend addresses that are no IP',
        fields: { source: 'a', addresses: 'nope 010.1.0.1' },
      },
    ]);
  });

  it('remembers the keys that a relist has to be compared with', () => {
    const lab = new Lab(false).service().slice('a', at('10.1.0.1'));
    lab.slice('nobody', at('10.1.0.1'), undefined, '');
    lab.sut.serviceUpsert(
      'shop/private',
      service({ metadata: { namespace: 'shop', name: 'private', annotations: {} } }),
    );

    expect([...lab.sut.serviceKeys()]).toEqual([key]);
    expect([...lab.sut.backendsKeys()]).toEqual(['shop/a']);

    lab.sut.serviceDelete(key);
    lab.sut.backendsDelete('shop/a');

    expect([...lab.sut.serviceKeys(), ...lab.sut.backendsKeys()]).toEqual([]);
  });

  const broken = [
    undefined,
    null,
    'text',
    7,
    [],
    [null],
    [7],
    [{ addresses: 'x', conditions: 7, ports: null }],
  ];
  for (const endpoints of broken) {
    it(`takes a slice with endpoints ${JSON.stringify(endpoints)} as one without backends`, () => {
      const lab = new Lab().service().slice('a', endpoints as object[], endpoints as object[]);

      expect(lab.value()?.backends).toEqual({});
    });
  }

  it('takes ports that have neither protocol nor name', () => {
    const ports = [{ port: 1 }, { port: 2, protocol: 'HTTP', name: 'x' }, { port: null, name: 'y' }, null];
    const lab = new Lab()
      .service({ spec: { ports: [{ port: 70000 }] } })
      .slice('a', at('10.1.0.1'), ports as object[]);

    expect(lab.value()).toMatchObject({
      frontends: { '10.96.0.9': { '': { Protocol: 'TCP', Port: 4464 } } },
      backends: { '10.1.0.1': { '': { Protocol: 'TCP', Port: 1 } } },
    });
    expect(Object.keys(lab.value()?.backends['10.1.0.1'] as object)).toEqual(['']);
  });
});
