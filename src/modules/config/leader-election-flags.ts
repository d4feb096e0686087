import type { CommandName, Flag, FlagType } from './flag.js';

const servers = ['clustermesh', 'kvstoremesh'] as const;

/** For replicas that write to one etcd; the original has none of them. */
export const LEADER_ELECTION_FLAGS: readonly Flag[] = [
  flag(
    servers,
    'leader-election',
    'bool',
    'false',
    'Write only as the leader among the replicas, elected by a Lease',
  ),
  flag(
    servers,
    'leader-election-namespace',
    'string',
    '',
    'Namespace of the Lease; required with --leader-election',
  ),
  flag(
    servers,
    'leader-election-lease-name',
    'string',
    '',
    'Name of the Lease; required with --leader-election',
  ),
  flag(
    ['kvstoremesh'],
    'k8s-api-server',
    'string',
    '',
    'URL of the Kubernetes API server, for the leader election alone',
  ),
  flag(
    ['kvstoremesh'],
    'k8s-kubeconfig-path',
    'string',
    '',
    'Path of a kubeconfig file, for the leader election alone',
  ),
];

function flag(
  commands: readonly CommandName[],
  name: string,
  type: FlagType,
  byDefault: string,
  help: string,
): Flag {
  return { name, type, default: byDefault, help, commands };
}
