import { Agent, get } from 'node:https';
import type { EtcdAdmin } from '../support/etcd-admin.js';
import type { KubeApiserver } from '../support/kube-apiserver.js';
import type { BenchLab } from './bench-lab.js';
import { stateKeys } from './shape.js';

/** What the hardware and the servers allow: the least that any mirror must wait for before its first sync is done. Seconds. */
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
  const writeSeconds = await writeAll(lab.probe, stateKeys(lab.shape));
  await lab.wipeMesh();
  return {
    listSeconds: hundredths(listSeconds),
    listMb: Math.round(bytes / 1e5) / 10,
    writeSeconds: hundredths(writeSeconds),
    floorSeconds: hundredths(listSeconds + writeSeconds),
  };
}

/** What a restart must wait for: the lists, and everything that etcd holds below the prefix, page by page. Seconds. */
export async function measureRestartFloor(lab: BenchLab, prefix: string): Promise<number> {
  const { seconds } = await listAll(lab.kube);
  const began = performance.now();
  await readAll(lab.probe, prefix);
  return hundredths(seconds + (performance.now() - began) / 1000);
}

/** Everything below a prefix, a few large pages one after the other. Returns how many keys that are. */
export async function readAll(etcd: EtcdAdmin, prefix: string): Promise<number> {
  const { kv } = await etcd.etcd3();
  let key = Buffer.from(prefix);
  const range_end = Buffer.from(
    prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1),
  );
  for (let read = 0; ;) {
    const { kvs, more } = await kv.range({ key, range_end, limit: 10_000 });
    read += kvs.length;
    const last = kvs.at(-1);
    if (!more || !last) return read;
    key = Buffer.concat([last.key, Buffer.of(0)]);
  }
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

/** Seconds that as many keys of usual size take below `floor/`, in transactions of 128 puts, four in flight, on one lease. */
export async function writeAll(etcd: EtcdAdmin, keys: number): Promise<number> {
  const { kv, leaseClient } = await etcd.etcd3();
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

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
