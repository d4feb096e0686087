import { ADMIN_FLAGS } from './admin-flags.js';
import { CERTS_FLAGS } from './certs-flags.js';
import type { CommandName, Flag, FlagType } from './flag.js';
import { LEADER_ELECTION_FLAGS } from './leader-election-flags.js';
import { PEERING_FLAGS } from './peering-flags.js';

/** Every flag of every command (spec/operations.md §2.1 and §5), and those that only this program has. */
export const FLAGS: readonly Flag[] = [
  ...on(
    ['clustermesh', 'kvstoremesh', 'etcdinit'],
    [
      'cluster-name',
      'string',
      'default',
      'Name of the cluster: up to 32 of a-z, 0-9 and -, alphanumeric at both ends',
    ],
    ['debug', 'bool', 'false', 'Log at debug level', { shorthand: 'D' }],
    ['log-format', 'string', 'logfmt', 'Format of log lines: logfmt or json'],
  ),
  ...on(
    ['clustermesh', 'kvstoremesh'],
    ['cluster-id', 'uint32', '0', 'Unique identifier of the cluster'],
    [
      'controller-group-metrics',
      'list',
      '',
      'Controller groups that are counted in metrics; also `all` and `none`',
    ],
    ['health-port', 'int', '9880', 'TCP port of the health server, on all interfaces'],
    ['kvstore', 'string', 'etcd', 'Key-value store type; only etcd'],
    [
      'kvstore-connectivity-timeout',
      'duration',
      '2m0s',
      'How long external workloads wait for the key-value store',
    ],
    [
      'kvstore-lease-ttl',
      'duration',
      '15m0s',
      'Time-to-live of the leases that keys are bound to',
      { hidden: true },
    ],
    [
      'kvstore-max-consecutive-quorum-errors',
      'uint',
      '2',
      'Failed quorum checks in a row before etcd counts as failed',
    ],
    ['kvstore-opt', 'kvmap', '', 'Key-value store options, e.g. etcd.address=127.0.0.1:4001'],
    ['kvstore-periodic-sync', 'duration', '5m0s', 'Period of the comparison of stored keys with wanted ones'],
    ['max-connected-clusters', 'uint32', '255', 'Maximum number of clusters in the mesh: 255 or 511'],
    ['pprof', 'bool', 'false', 'Accepted for compatibility, without effect'],
    ['pprof-address', 'string', 'localhost', 'Accepted for compatibility, without effect'],
    ['prometheus-serve-addr', 'string', '', 'host:port or :port that metrics are served on (empty: off)'],
  ),
  ...on(
    ['clustermesh'],
    [
      'admin-serve-addr',
      'string',
      '127.0.0.1:9895',
      'Loopback host:port of the admin API and status page (empty: off)',
    ],
    [
      'cluster-users-config-path',
      'string',
      '/var/lib/cilium/etcd-config/users.yaml',
      'Path of the file with the list of remote cluster users',
    ],
    ['cluster-users-enabled', 'bool', 'false', 'Manage the etcd users of remote clusters'],
    ['crd-wait-timeout', 'duration', '5m0s', 'How long to wait for the Cilium CRDs before giving up'],
    [
      'enable-external-workloads',
      'bool',
      'true',
      'Support external workloads; exports all services, not only shared ones',
    ],
    ['enable-k8s', 'bool', 'true', 'Enable the Kubernetes client'],
    ['enable-k8s-api-discovery', 'bool', 'false', 'Discover the API groups and resources of Kubernetes'],
    ['enable-k8s-endpoint-slice', 'bool', 'true', 'Read backends from EndpointSlices; false: from Endpoints'],
    ['gops-port', 'uint16', '9892', 'Accepted for compatibility, without effect'],
    [
      'k8s-api-server',
      'string',
      '',
      'URL of the Kubernetes API server; https:// reuses in-cluster credentials',
    ],
    ['k8s-client-burst', 'int', '0', 'Burst of requests to Kubernetes (0: 10)'],
    ['k8s-client-connection-keep-alive', 'duration', '30s', 'Keep-alive period of connections to Kubernetes'],
    ['k8s-client-connection-timeout', 'duration', '30s', 'How long connecting to Kubernetes may take'],
    ['k8s-client-qps', 'float', '0', 'Requests per second to Kubernetes (0: 5)'],
    [
      'k8s-heartbeat-timeout',
      'duration',
      '30s',
      'Period and timeout of the check of the API server (0: off)',
    ],
    ['k8s-kubeconfig-path', 'string', '', 'Path of a kubeconfig file; wins over --k8s-api-server'],
    [
      'k8s-service-proxy-name',
      'string',
      '',
      'Value of the service-proxy-name label of the services to export',
    ],
    ['pprof-port', 'uint16', '6063', 'Accepted for compatibility, without effect'],
  ),
  ...on(
    ['kvstoremesh'],
    ['api-serve-addr', 'string', 'localhost:9889', 'host:port of the KVStoreMesh API'],
    [
      'admin-serve-addr',
      'string',
      '127.0.0.1:9896',
      'Loopback host:port of the admin API and status page (empty: off)',
    ],
    [
      'clustermesh-cache-ttl',
      'duration',
      '0s',
      'Drop the services of a remote cluster that has been away for longer (0: never)',
    ],
    ['clustermesh-config', 'string', '', 'Path to the ClusterMesh configuration directory'],
    [
      'disable-drain-on-disconnection',
      'bool',
      'false',
      'Keep the cached data of a remote cluster that is no longer configured',
      { hidden: true },
    ],
    [
      'global-ready-timeout',
      'duration',
      '10m0s',
      'Ready after this long even if remote clusters are not synchronized',
    ],
    ['gops-port', 'uint16', '9894', 'Accepted for compatibility, without effect'],
    [
      'per-cluster-ready-timeout',
      'duration',
      '15s',
      'A remote cluster not connected by then stops holding back readiness',
    ],
    ['pprof-port', 'uint16', '6064', 'Accepted for compatibility, without effect'],
  ),
  ...on(
    ['etcdinit'],
    ['etcd-binary', 'string', '/usr/bin/etcd', 'Path of the etcd program'],
    ['etcd-cluster-name', 'string', 'clustermesh-apiserver', 'Name of the etcd member'],
    ['etcd-data-dir', 'string', '/var/run/etcd', 'etcd data directory; everything in it is removed'],
    [
      'etcd-initial-cluster-token',
      'string',
      'clustermesh-apiserver',
      'etcd cluster token; it seeds the etcd cluster ID',
    ],
    [
      'force',
      'bool',
      'false',
      'Empty the data directory even if it holds other things than an etcd has left there',
    ],
    ['timeout', 'duration', '2m0s', 'How long everything may take'],
  ),
  ...on(
    ['clustermesh-dbg troubleshoot', 'kvstoremesh-dbg troubleshoot'],
    [
      'etcd-config',
      'string',
      '/var/lib/cilium/etcd-config.yaml',
      'Path to the configuration of the local etcd',
      { noEnv: true },
    ],
    ['timeout', 'duration', '5s', 'How long the checks of one cluster may take', { noEnv: true }],
  ),
  ...on(
    ['kvstoremesh-dbg status', 'kvstoremesh-dbg troubleshoot'],
    ['host', 'string', 'localhost:9889', 'host:port of the KVStoreMesh API', { shorthand: 'H', noEnv: true }],
  ),
  ...on(
    ['kvstoremesh-dbg status'],
    ['output', 'string', '', 'json, yaml or jsonpath={...}', { shorthand: 'o', noEnv: true }],
    [
      'verbose',
      'bool',
      'false',
      'Show all remote clusters, not only those that are not ready',
      { noEnv: true },
    ],
  ),
  ...on(
    ['kvstoremesh-dbg troubleshoot'],
    [
      'clustermesh-config',
      'string',
      '/var/lib/cilium/clustermesh/',
      'Path to the ClusterMesh configuration directory',
      { noEnv: true },
    ],
    ['include-local', 'bool', 'false', 'Check the local etcd too', { noEnv: true }],
  ),
  ...ADMIN_FLAGS,
  ...CERTS_FLAGS,
  ...LEADER_ELECTION_FLAGS,
  ...PEERING_FLAGS,
];

/** The flags of one command, sorted by name. */
export function flagsOf(command: CommandName): readonly Flag[] {
  return FLAGS.filter((flag) => flag.commands.includes(command)).toSorted((a, b) =>
    a.name < b.name ? -1 : 1,
  );
}

type Row = readonly [
  name: string,
  type: FlagType,
  byDefault: string,
  help: string,
  more?: Pick<Flag, 'shorthand' | 'hidden' | 'noEnv'>,
];

function on(commands: readonly CommandName[], ...rows: readonly Row[]): Flag[] {
  return rows.map(([name, type, byDefault, help, more]) => ({
    name,
    type,
    default: byDefault,
    help,
    commands,
    ...more,
  }));
}
