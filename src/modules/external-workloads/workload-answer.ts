import { type Cidr, parseCidr } from '../../common/cidr.js';
import { type Complaint } from '../k8s-sync/projections/projection.js';
import type { ExternalWorkload } from './external-workload.js';
import type { RegisterRecord } from './register-record.js';

export interface ClusterIds {
  readonly clusterName: string;
  readonly clusterId: number;
}

export interface Overridden {
  readonly record: RegisterRecord;
  readonly complaints: readonly Complaint[];
}

/**
 * The VM's record with what the cluster decides put in place of what the VM said: labels, cluster and networks
 * (spec/external-workloads.md §3.2). A network of the workload that does not parse is complained of; the VM's own stays then.
 */
export function overriddenRecord(
  record: RegisterRecord,
  workload: ExternalWorkload,
  labels: ReadonlyMap<string, string>,
  cluster: ClusterIds,
): Overridden {
  const complaints: Complaint[] = [];
  const network = (text: string, maskLength: number, own: Cidr | undefined): Cidr | undefined => {
    if (text === '') return own;
    const cidr = parseCidr(text);
    if (cidr && Buffer.from(cidr.mask, 'base64').length === maskLength) return cidr;
    complaints.push({
      message: 'CEW: Unable to parse the allocation CIDR, using that of the VM',
      fields: { cidr: text },
    });
    return own;
  };
  return {
    record: {
      ...record,
      labels,
      cluster: cluster.clusterName,
      clusterId: cluster.clusterId,
      ipv4AllocCidr: network(workload.ipv4AllocCidr, 4, record.ipv4AllocCidr),
      // By the length of the mask: an IPv4-mapped network passes as IPv6, as in the original.
      ipv6AllocCidr: network(workload.ipv6AllocCidr, 16, record.ipv6AllocCidr),
    },
    complaints,
  };
}

/**
 * The answer to a VM that knocked. Agents wait for an identity that is not 0, and refuse another cluster than their own;
 * without addresses the server itself takes no further notice of the record.
 */
export function answerOf(record: RegisterRecord, nodeIdentity: number): RegisterRecord {
  return { ...record, nodeIdentity, addresses: [] };
}
