import { describe, expect, it } from 'vitest';
import { DevApiServer } from '../../../dev/api-server/dev-api-server.js';

function service(spec: Record<string, unknown>, name = 'web') {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'shop' }, spec };
}

describe('defaults', () => {
  it('completes a service as a real server does', () => {
    const { spec } = new DevApiServer().apply(service({ clusterIP: '10.96.40.1', ports: [{ port: 80 }] }));

    expect(spec).toMatchObject({
      type: 'ClusterIP',
      clusterIPs: ['10.96.40.1'],
      ipFamilies: ['IPv4'],
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
    });
  });

  it('allocates an address, keeps it over updates without one, and gives no address twice', () => {
    const sut = new DevApiServer();
    const addressOf = (spec: Record<string, unknown>, name?: string): unknown =>
      (sut.apply(service(spec, name)).spec as { clusterIP: unknown }).clusterIP;

    const first = addressOf({ ports: [] });

    expect(first).toMatch(/^10\.96\./);
    expect(addressOf({ ports: [{ port: 1 }] })).toBe(first);
    expect(addressOf({ ports: [] }, 'other')).not.toBe(first);
  });

  it.each([
    [{ clusterIP: 'None' }, { clusterIP: 'None', clusterIPs: ['None'] }],
    [
      { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9', 'fd00::9'] },
      { clusterIPs: ['10.96.0.9', 'fd00::9'], ipFamilies: ['IPv4', 'IPv6'] },
    ],
  ])('%j', (spec, expected) => {
    expect(new DevApiServer().apply(service(spec)).spec).toMatchObject(expected);
  });

  it('takes the address from a service that becomes an ExternalName', () => {
    const sut = new DevApiServer();
    sut.apply(service({ clusterIP: '10.96.40.1' }));

    const { spec } = sut.apply(service({ type: 'ExternalName', externalName: 'api.example.org' }));

    expect(spec).not.toHaveProperty('clusterIP');
    expect(spec).not.toHaveProperty('clusterIPs');
  });

  it('gives slice ports a protocol and a name, but no number', () => {
    const slice = new DevApiServer().apply({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'x', namespace: 'shop' },
      ports: [{}],
    } as never);

    expect(slice.ports).toEqual([{ name: '', protocol: 'TCP' }]);
  });
});
