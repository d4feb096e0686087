import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestObject } from '../support/kube-client.js';
import { RealLab } from '../support/real-lab.js';
import type { ServerProcess } from '../support/server-process.js';

const cilium = (kind: string, metadata: TestObject['metadata'], rest: object): TestObject => ({
  apiVersion: 'cilium.io/v2',
  kind,
  metadata,
  ...rest,
});

const endpoint = (name: string, rest: object): TestObject =>
  cilium('CiliumEndpoint', { name, namespace: 'bad' }, rest);

/** What cannot be used: said once with the object's name, and counted under its resource. */
const rejected = [
  { what: 'an identity without labels', object: cilium('CiliumIdentity', { name: 'no-labels' }, {}) },
  {
    what: 'an address that is no IP',
    object: endpoint('bad-address', {
      status: {
        networking: { addressing: [{ ipv4: '10.1.2.3.4' }], node: '172.16.0.1' },
        identity: { id: 7 },
      },
    }),
  },
];

/** What has no keys, or other ones than one would think, and is no reason to say anything. */
const silent = [
  endpoint('no-status', {}),
  endpoint('no-networking', { status: { identity: { id: 7 } } }),
  endpoint('text-for-status', { status: 'ready' }),
  endpoint('text-for-addressing', { status: { networking: { addressing: 'none' } } }),
  endpoint('numbers-for-addresses', { status: { networking: { addressing: [{ ipv4: 4 }, null, 'x', []] } } }),
  cilium('CiliumIdentity', { name: 'list-for-labels' }, { 'security-labels': ['k8s:a'] }),
  cilium('CiliumNode', { name: 'text-for-spec' }, { spec: 'x' }),
  cilium(
    'CiliumNode',
    { name: 'numbers-for-addresses' },
    { spec: { addresses: [1, null, { ip: 5 }], ipam: 3 } },
  ),
];

// The API server takes 256 KiB of annotations in one object; a custom resource may carry the rest elsewhere.
const megabyte = 'x'.repeat(1_000_000);
const huge = cilium('CiliumNode', { name: 'huge' }, { spec: { bootid: megabyte } });

describe('malformed objects', () => {
  let lab: RealLab;
  let server: ServerProcess;

  beforeAll(async () => {
    lab = await RealLab.start();
    await lab.cluster.fill(3);
    server = await lab.startServer();
    await lab.expectState();
  });
  afterAll(() => lab.stop());

  const linesAbout = (name: string): string[] =>
    server.stderrLines.filter((line) => line.includes(name) && /level=(warning|error)/.test(line));

  const rejections = async (resource: string): Promise<number> => {
    const found = new RegExp(`objects_rejected_total\\{resource="${resource}"\\} (\\d+)`).exec(
      await server.metrics(),
    );
    return Number(found?.[1] ?? 0);
  };

  it.each(rejected)('$what: logged once with its name, counted, the rest goes on', async ({ object }) => {
    const resource = object.kind === 'CiliumIdentity' ? 'ciliumidentities' : 'ciliumendpoints';
    const before = await rejections(resource);

    await lab.kube.client.apply(object);
    await lab.cluster.set('endpoint', 1);
    await lab.expectState();
    // The same object once more, with a change that mends nothing.
    await lab.kube.client.apply({ ...object, metadata: { ...object.metadata, labels: { touched: 'yes' } } });
    await lab.cluster.set('identity', 1);
    await lab.expectState();

    expect(linesAbout(object.metadata.name)).toHaveLength(1);
    expect(await rejections(resource)).toBe(before + 1);
    await lab.kube.client.delete(object);
  });

  it.each(silent)('$kind $metadata.name does not hold up the others', async (object) => {
    await lab.kube.client.apply(object);
    await lab.cluster.set('endpoint', 2);
    await lab.cluster.set('node', 2);
    await lab.cluster.set('identity', 2);

    await lab.barrier.pass('east');
    const stored = await lab.state();
    for (const [key, value] of Object.entries(lab.cluster.keys)) {
      expect(Buffer.from(stored.get(key)!.value, 'latin1').toString('utf8')).toBe(value);
    }
    expect(server.exited).toBeUndefined();

    await lab.kube.client.delete(object);
    await lab.expectState();
  });

  it('writes a value of a megabyte beside small ones', async () => {
    await lab.kube.client.apply(huge);
    await lab.cluster.set('node', 1);
    await lab.barrier.pass('east');

    expect(await lab.probe.get('cilium/state/nodes/v1/east/huge')).toContain(megabyte);

    await lab.kube.client.delete(huge);
    await lab.expectState();
  });

  it('starts over the same objects', async () => {
    const objects = [...rejected.map(({ object }) => object), ...silent, huge];
    for (const object of objects) await lab.kube.client.apply(object);
    await server.kill();

    server = await lab.startServer();
    for (const object of objects) await lab.kube.client.delete(object);

    await lab.expectState();
  });
});
