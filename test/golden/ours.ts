import type { Keys } from '../support/snapshot.js';

/** What ours must give where the recorded case only shows what the original does. */
export interface OurExpectation {
  /** The difference's number in the list of those on purpose; must equal the case's `differs`, unless it is unmarked. */
  readonly difference: number;
  /** The recording has no `differs`, although a step of it shows the difference. */
  readonly unmarked?: true;
  readonly afterStep: readonly Keys[];
}

const ip = (address: string, id: number, pod: string): Keys => ({
  [`cilium/state/ip/v1/default/${address}`]: JSON.stringify({
    IP: address,
    Mask: null,
    HostIP: '192.168.7.1',
    ID: id,
    Key: 0,
    Metadata: '',
    K8sNamespace: 'shop',
    K8sPodName: pod,
  }),
});

const service = (name: string, frontend: string, port: number, backends: object): Keys => ({
  [`cilium/state/services/v1/east/shop/${name}`]: JSON.stringify({
    cluster: 'east',
    namespace: 'shop',
    name,
    frontends: { [frontend]: { http: { Protocol: 'TCP', Port: port } } },
    backends,
    hostnames: {},
    labels: {},
    selector: { app: name },
    includeExternal: true,
    shared: true,
    clusterID: 3,
  }),
});

const web = (port: number, backends: object): Keys => service('web', '10.96.40.1', port, backends);

const backend = { '10.1.0.50': { http: { Protocol: 'TCP', Port: 8080 } } };

const identity = (name: string, value: string): Keys => ({
  [`cilium/state/identities/v1/id/${name}`]: value,
});

/**
 * Cases that differ on purpose and carry no `expectOurs`, because the original ends in the right state after all: what differs
 * is the way there. So the way is what stands here.
 */
export const ours: Readonly<Record<string, OurExpectation>> = {
  // Difference 11: an address that is no IP is skipped, so there is never a key named <nil>.
  'endpoint-invalid-ip-then-fixed': { difference: 11, afterStep: [{}, ip('10.1.0.14', 200001, 'cart-0')] },
  // Difference 11: two of them share no key either.
  'endpoint-two-invalid-ips-share-one-key': { difference: 11, afterStep: [{}, {}] },
  // Difference 1: the address lives until its last claimant lets go, and an event that changes nothing is not needed to get it back.
  'endpoint-duplicate-ip-restored-on-any-later-event': {
    difference: 1,
    afterStep: [
      ip('10.1.0.37', 200001, 'a-0'),
      ip('10.1.0.37', 200002, 'b-0'),
      ip('10.1.0.37', 200002, 'b-0'),
      ip('10.1.0.37', 200002, 'b-0'),
    ],
  },
  // Difference 12: the value follows the Service at once, although it has no slice any more.
  'service-slice-deleted-then-ports-change-is-stale': {
    difference: 12,
    afterStep: [web(80, backend), web(80, {}), web(8181, {}), web(8181, backend)],
  },
  // Difference 12: a service that becomes ExternalName has no key any more. The recording does not mark this case, because it
  // looks at the end only for that: the Service is gone then.
  'service-becomes-external-name-then-deleted': {
    difference: 12,
    unmarked: true,
    afterStep: [
      service('ext2', '10.96.40.14', 80, { '10.1.0.92': { http: { Protocol: 'TCP', Port: 8080 } } }),
      {},
      {},
    ],
  },
  // Difference 3: what somebody else deletes comes back without any event from Kubernetes.
  'etcd-key-deleted-externally-restored-by-value-change': {
    difference: 3,
    afterStep: [
      identity('200308', 'k8s:a=1;'),
      identity('200308', 'k8s:a=1;'),
      identity('200308', 'k8s:a=2;'),
    ],
  },
};
