import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { NodeObject, ServiceObject } from '../../../src/modules/peering/cluster-objects.js';
import { pairsOf, pairText } from '../../../src/modules/peering/connection-mode.js';
import { withAlias, withoutAlias } from '../../../src/modules/peering/host-aliases.js';
import { addressText, endpointUrl } from '../../../src/modules/peering/host-and-port.js';
import { daysLeft, shareAuthority } from '../../../src/modules/peering/mesh-checks.js';
import { peerEndpoints } from '../../../src/modules/peering/peer-endpoints.js';
import { serviceAddresses } from '../../../src/modules/peering/service-addresses.js';
import { type KeyPair, TestCa } from '../../support/certs.js';

const metadata = { name: 'clustermesh-apiserver' };
const nodePort: ServiceObject = {
  metadata,
  spec: { type: 'NodePort', ports: [{ port: 2379, nodePort: 32379 }] },
};

function node(name: string, addresses: Readonly<Record<string, string>>, ready = 'True'): NodeObject {
  const list = Object.entries(addresses).map(([type, address]) => ({ type, address }));
  return { metadata: { name }, status: { addresses: list, conditions: [{ type: 'Ready', status: ready }] } };
}

describe('addresses of a service', () => {
  it('are those of nodes: external before internal, ready ones first, three at most', () => {
    const nodes = [
      node('a', { InternalIP: '10.0.0.1' }, 'False'),
      node('b', { InternalIP: '10.0.0.2', ExternalIP: '192.0.2.2' }),
      node('c', { InternalIP: 'FD00::3' }),
      node('d', { Hostname: 'd' }),
    ];
    const texts = (replicas: number): string[] =>
      serviceAddresses(nodePort, nodes, replicas).map(addressText);

    expect(texts(1)).toEqual(['192.0.2.2:32379', '[fd00::3]:32379', '10.0.0.1:32379']);
    expect(texts(2)).toEqual(['192.0.2.2:32379']);
    expect(() => serviceAddresses(nodePort, [], 1)).toThrow('no node has an ExternalIP or InternalIP');
  });

  it('are those of a load balancer', () => {
    const spec = { type: 'LoadBalancer', ports: [{ port: 2380, nodePort: 1 }] };
    const ingress = [{ ip: '2001:db8::1' }, { hostname: 'lb.example.com' }];

    const found = serviceAddresses({ metadata, spec, status: { loadBalancer: { ingress } } }, [], 2);
    expect(found.map(endpointUrl)).toEqual(['https://[2001:db8::1]:2380', 'https://lb.example.com:2380']);
    expect(() => serviceAddresses({ metadata, spec }, [], 1)).toThrow('its load balancer has no address yet');
  });

  it('are none of a service that stays inside', () => {
    expect(() => serviceAddresses({ metadata, spec: { type: 'ClusterIP' } }, [], 1)).toThrow(
      'its type is ClusterIP',
    );
  });
});

describe('what certificates decide', () => {
  let ca: TestCa;
  let other: TestCa;
  let pair: KeyPair;

  beforeAll(async () => {
    ca = await TestCa.create();
    other = await TestCa.create('other');
    pair = await ca.issue('remote', ['*.mesh.cilium.io']);
  });

  it('takes covered addresses, else the name in the mesh domain', () => {
    const certificate = new X509Certificate(pair.cert);
    const far = [
      { host: '192.0.2.1', port: 1 },
      { host: 'fd00::1', port: 1 },
    ];

    expect(peerEndpoints('b', [...far, { host: '::1', port: 1 }], certificate)).toEqual({
      endpoints: ['https://[::1]:1'],
    });
    expect(peerEndpoints('b', far, certificate)).toEqual({
      endpoints: ['https://b.mesh.cilium.io:1'],
      alias: { hostname: 'b.mesh.cilium.io', ips: ['192.0.2.1', 'fd00::1'] },
    });
    expect(peerEndpoints('b', far, undefined).endpoints).toEqual([
      'https://192.0.2.1:1',
      'https://[fd00::1]:1',
    ]);
  });

  it('refuses addresses and a name that nothing covers', async () => {
    const certificate = new X509Certificate((await ca.issue('x')).cert);
    expect(() => peerEndpoints('b', [{ host: '192.0.2.1', port: 1 }], certificate)).toThrow(
      'not 192.0.2.1: add them to',
    );
  });

  it('sees whether two clients trust each other', async () => {
    const now = Date.now();
    const own = { ca: ca.cert, ...pair };
    const theirs = { ca: other.cert, ...(await other.issue('remote')) };

    expect(shareAuthority(own, own, now)).toBe(true);
    expect(shareAuthority(own, theirs, now)).toBe(false);
    // One side alone is not enough.
    expect(shareAuthority({ ...own, ca: ca.cert + other.cert }, theirs, now)).toBe(false);
    expect(daysLeft(new X509Certificate(pair.cert), now)).toBe(1);
  });
});

describe('host aliases', () => {
  it('lead a name to addresses and leave other names', () => {
    const before = [
      { ip: '1.1.1.1', hostnames: ['a', 'b'] },
      { ip: '2.2.2.2', hostnames: ['b'] },
    ];

    const after = withAlias(before, 'b', ['1.1.1.1', '3.3.3.3']);
    expect(after).toEqual([
      { ip: '1.1.1.1', hostnames: ['a', 'b'] },
      { ip: '3.3.3.3', hostnames: ['b'] },
    ]);
    expect(withAlias(before, 'b', ['2.2.2.2', '1.1.1.1'])).toBe(before);
    expect(withoutAlias(after, 'b')).toEqual([{ ip: '1.1.1.1', hostnames: ['a'] }]);
  });
});

describe('connection modes', () => {
  it('say who gets whom', () => {
    const pairs = (mode: 'bidirectional' | 'mesh' | 'unicast'): string[] =>
      pairsOf(mode, 'a', ['b', 'c']).map(({ host, peers }) => `${host}:${peers.join('')}`);

    expect(pairs('bidirectional')).toEqual(['a:bc', 'b:a', 'c:a']);
    expect(pairs('mesh')).toEqual(['a:bc', 'b:ac', 'c:ab']);
    expect(pairs('unicast')).toEqual(['a:bc']);
    expect([pairText('unicast', 'a', 'b', '='), pairText('unicast', 'a', 'b', 'x')]).toEqual([
      'a => b',
      'a x> b',
    ]);
  });
});
