import { describe, expect, it } from 'vitest';
import { Churn } from '../../../dev/churn.js';
import { ClusterGenerator, largeCluster, type GeneratedObject } from '../../../dev/cluster-generator.js';

const small = { ...largeCluster, nodes: 4, identities: 9, endpoints: 50, services: 6, backendsPerService: 3 };

function ips(object: GeneratedObject): string[] {
  const { status } = object as unknown as {
    status: { networking: { addressing: { ipv4: string; ipv6: string }[] } };
  };
  return status.networking.addressing.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]);
}

describe(ClusterGenerator, () => {
  it('gives as many objects of each kind as asked for, the same ones each time', () => {
    const objects = [...new ClusterGenerator(small).objects()];

    const counts: Record<string, number> = {};
    for (const { kind } of objects) counts[kind] = (counts[kind] ?? 0) + 1;
    expect(counts).toEqual({
      Namespace: 20,
      CiliumIdentity: 9,
      CiliumNode: 4,
      CiliumEndpoint: 50,
      Service: 6,
      EndpointSlice: 6,
    });
    expect([...new ClusterGenerator(small).objects()]).toEqual(objects);
  });

  it('gives 46,500 keys at the published size, no address twice', () => {
    const generator = new ClusterGenerator(largeCluster);

    expect(generator.keyCount).toBe(46_500);
    const addresses = Array.from({ length: largeCluster.endpoints }, (_, i) =>
      ips(generator.endpoint(i)),
    ).flat();
    const nodes = Array.from({ length: largeCluster.nodes }, (_, i) => generator.node(i));
    const hosts = nodes.map(
      (node) => (node as unknown as { spec: { addresses: { ip: string }[] } }).spec.addresses[0]!.ip,
    );
    expect(new Set([...addresses, ...hosts]).size).toBe(2 * largeCluster.endpoints + largeCluster.nodes);
  });

  it('writes slices in the version asked for, with that many backends', () => {
    const slice = new ClusterGenerator({ ...small, sliceVersion: 'v1beta1' }).slice(5);

    expect(slice.apiVersion).toBe('discovery.k8s.io/v1beta1');
    expect(slice.endpoints).toHaveLength(3);
  });
});

describe(Churn, () => {
  it('changes something with every step, and brings back what it removes', () => {
    const generator = new ClusterGenerator(small);
    const churn = new Churn(generator);
    const present = new Map<string, string>();
    for (let i = 0; i < small.endpoints; i++) {
      const endpoint = generator.endpoint(i);
      present.set(endpoint.metadata.name, JSON.stringify(endpoint));
    }

    for (let n = 0; n < 400; n++) {
      const { type, object } = churn.next();
      const { name } = object.metadata;
      const before = present.get(name);
      expect(before !== undefined || type === 'apply').toBe(true);
      if (type === 'delete') present.delete(name);
      else present.set(name, JSON.stringify(object));
      expect(present.get(name), `step ${String(n)}`).not.toBe(before);
    }
    expect(present.size).toBe(small.endpoints);
  });
});
