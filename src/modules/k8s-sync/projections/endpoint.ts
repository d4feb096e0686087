import { bytesOf } from '../../../common/bytes.js';
import { quote } from '../../../common/go-json.js';
import { canonicalIp } from '../../../common/ip.js';
import { wrapUint } from '../../../common/wrap-int.js';
import type { KubeObject } from '../../kubernetes/kube-api.js';
import type { Entry } from '../../mirror/entry.js';
import { fieldsOf, itemsOf, stringOf } from './fields.js';
import { ipKeys } from './keys.js';
import type { Complaint, Projected } from './projection.js';
import { noComplaints, nothingWanted } from './projection.js';

const prefix = ipKeys.prefix('');

/**
 * CiliumEndpoint → one `cilium/state/ip/v1/default/<ip>` for each of its addresses (spec/k8s-sync.md §10). What the value
 * lacks in identity, key or node is 0 or empty. An address that is no IP is skipped (golden/README.md, difference 11).
 */
export function projectEndpoint(object: KubeObject): Projected {
  const status = fieldsOf((object as { status?: unknown }).status);
  const networking = fieldsOf(status['networking']);
  const pairs = itemsOf(networking['addressing']);
  if (pairs.length === 0) return nothingWanted;

  const { namespace = '', name } = object.metadata;
  const id = wrapUint(fieldsOf(status['identity'])['id'], 32);
  const key = wrapUint(fieldsOf(status['encryption'])['key'], 8);
  const host = canonicalIp(stringOf(networking['node'])) ?? '';
  const rest =
    `","Mask":null,"HostIP":"${host}","ID":${id},"Key":${key},"Metadata":""` +
    `,"K8sNamespace":${quote(namespace)},"K8sPodName":${quote(name)}}`;

  const addresses = new AddressList();
  for (const item of pairs) {
    const pair = fieldsOf(item);
    addresses.add(pair['ipv4']);
    addresses.add(pair['ipv6']);
  }
  const entries: Entry[] = [];
  for (const ip of addresses.ips)
    entries.push({ key: bytesOf(prefix + ip), value: bytesOf('{"IP":"' + ip + rest) });
  return { kind: 'entries', entries, complaints: addresses.complaints };
}

/** Canonical addresses, each once, in their order. */
class AddressList {
  readonly ips: string[] = [];
  complaints: readonly Complaint[] = noComplaints;

  add(address: unknown): void {
    if (address === undefined || address === null || address === '') return;
    const ip = typeof address === 'string' ? canonicalIp(address) : undefined;
    if (ip === undefined) {
      this.complaints = [
        ...this.complaints,
        { message: 'Skipping an endpoint address that is no IP', fields: { address } },
      ];
    } else if (!this.ips.includes(ip)) {
      this.ips.push(ip);
    }
  }
}
