import type { EtcdAdmin } from '../support/etcd-admin.js';

/** Counts keys without reading them. */
export async function countKeys(probe: EtcdAdmin, prefix: string): Promise<number> {
  const { kv } = await probe.etcd3();
  const end = prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
  const { count } = await kv.range({
    key: Buffer.from(prefix),
    range_end: Buffer.from(end),
    count_only: true,
  });
  return Number(count);
}
