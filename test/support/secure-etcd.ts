import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EtcdClient } from '../../src/modules/etcd/etcd-client.js';
import { initRequests } from '../../src/modules/etcd-init/init-requests.js';
import type { TestCa } from './certs.js';
import { startEtcd, type EtcdOptions, type TestEtcd } from './etcd.js';

/** An etcd as etcdinit leaves it: it demands certificates, and users are their common names. */
export async function startSecureEtcd(
  cluster: string,
  tls: TestCa,
  options: EtcdOptions = {},
): Promise<TestEtcd> {
  const etcd = await startEtcd({ ...options, tls });
  await initialize(etcd, cluster);
  return etcd;
}

/** The very requests of etcdinit, by another client. */
export async function initialize(etcd: TestEtcd, cluster: string): Promise<void> {
  const raw = await etcd.client().etcd3();
  const call = (service: string, method: string, request: object): Promise<unknown> => {
    const calls = (service === 'KV' ? raw.kv : raw.auth) as unknown as Record<
      string,
      (request: object) => Promise<unknown>
    >;
    return calls[method[0]!.toLowerCase() + method.slice(1)]!(request);
  };
  for (const request of initRequests(cluster)) await request.send({ call } as unknown as EtcdClient, {});
}

/** Writes certificate, key and authority of a user. @returns the lines that name them in an etcd configuration. */
export async function writeIdentity(directory: string, user: string, ca: TestCa): Promise<string> {
  const { cert, key } = await ca.issue(user);
  const files = { 'trusted-ca-file': ca.cert, 'cert-file': cert, 'key-file': key };
  const lines = Object.entries(files).map(async ([field, pem]) => {
    const path = join(directory, `${user}.${field}.pem`);
    await writeFile(path, pem);
    return `${field}: ${path}\n`;
  });
  return (await Promise.all(lines)).join('');
}
