import type { KubeApiserver } from '../support/kube-apiserver.js';
import { Agent, get } from 'node:https';
import type { BenchLab } from './bench-lab.js';
import { stateKeys } from './shape.js';

/** What the hardware and the servers allow: the least that any mirror must wait for. Seconds. */
export interface Floor {
  /** All lists at once with resourceVersion=0, bodies thrown away. */
  readonly listSeconds: number;
  readonly listMb: number;
  /** As many keys as the mirror writes, 200 bytes each, in transactions of 128 puts, four in flight, on one lease. */
  readonly writeSeconds: number;
  readonly floorSeconds: number;
}

const lists = [
  '/apis/cilium.io/v2/ciliumidentities',
  '/apis/cilium.io/v2/ciliumnodes',
  '/apis/cilium.io/v2/ciliumendpoints',
  '/api/v1/services',
  '/apis/discovery.k8s.io/v1beta1/endpointslices',
];

export async function measureFloor(lab: BenchLab): Promise<Floor> {
  const { seconds: listSeconds, bytes } = await listAll(lab.kube);
  const writeSeconds = await writeAll(lab, stateKeys(lab.shape));
  await lab.wipeMesh();
  const round = (n: number): number => Math.round(n * 100) / 100;
  return {
    listSeconds: round(listSeconds),
    listMb: Math.round(bytes / 1e5) / 10,
    writeSeconds: round(writeSeconds),
    floorSeconds: round(listSeconds + writeSeconds),
  };
}

async function listAll(kube: KubeApiserver): Promise<{ seconds: number; bytes: number }> {
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  const began = performance.now();
  const sizes = await Promise.all(lists.map((path) => drain(`${kube.url}${path}?resourceVersion=0`, agent)));
  agent.destroy();
  return { seconds: (performance.now() - began) / 1000, bytes: sizes.reduce((a, b) => a + b, 0) };
}

function drain(url: string, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { agent, headers: { authorization: 'Bearer admin-token' } }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${url}: ${response.statusCode}`));
      let bytes = 0;
      response.on('data', (chunk: Buffer) => (bytes += chunk.length));
      response.on('end', () => resolve(bytes));
    }).on('error', reject);
  });
}

const value = Buffer.from(
  '{"IP":"10.64.0.21","Mask":null,"HostIP":"10.66.0.1","ID":210101,"Key":0,"Metadata":"","K8sNamespace":"ns-11","K8sPodName":"app-101-2p"}',
);

async function writeAll(lab: BenchLab, keys: number): Promise<number> {
  const { kv, leaseClient } = await lab.probe.etcd3();
  const { ID: lease } = await leaseClient.leaseGrant({ TTL: '900', ID: '0' });
  const began = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      while (next < keys) {
        const from = next;
        next += 128;
        const puts = Array.from({ length: Math.min(128, keys - from) }, (_, i) => ({
          request_put: { key: Buffer.from(`floor/${from + i}`), value, lease },
        }));
        await kv.txn({ compare: [], success: puts, failure: [] });
      }
    }),
  );
  return (performance.now() - began) / 1000;
}
