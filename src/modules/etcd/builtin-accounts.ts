import type { Permission } from './etcd-auth.js';

/** One of etcd's users with its only role. */
export interface Account {
  readonly user: string;
  readonly role: string;
  /** What the role may do; absent for `root`, which etcd has by itself and which may do everything. */
  readonly permissions?: readonly Permission[];
}

const everyKey: Permission = { type: 'Read', key: '\0', rangeEnd: '\0' };

/**
 * The accounts that every etcd of ClusterMesh has (spec/operations.md §2.3), in the order in which they are made. The users are
 * the names in the certificates of the chart; agents of every release rely on users, roles and ranges.
 * @param cluster '' drops the suffix and its hyphen.
 */
export function builtinAccounts(cluster: string): readonly Account[] {
  const named = (user: string): string => (cluster === '' ? user : `${user}-${cluster}`);
  return [
    { user: 'root', role: 'root' },
    { user: named('admin'), role: 'root' },
    { user: 'externalworkload', role: 'externalworkload', permissions: externalWorkload() },
    { user: named('local'), role: 'local', permissions: local() },
    { user: 'remote', role: 'remote', permissions: remote(cluster) },
  ];
}

function externalWorkload(): Permission[] {
  return [
    everyKey,
    { ...readFolder('cilium/state/noderegister/v1'), type: 'Readwrite' },
    { ...readFolder('cilium/.initlock'), type: 'Readwrite' },
  ];
}

function local(): Permission[] {
  return [
    readPrefix('cilium/.heartbeat'),
    readKey('cilium/.has-cluster-config'),
    readFolder('cilium/cache'),
    readFolder('cilium/cluster-config'),
    readFolder('cilium/synced'),
  ];
}

/** The last three make those of one cluster redundant: agents of 1.16 read the local cache as `remote` too. */
function remote(cluster: string): Permission[] {
  const of = (folder: string): string => (cluster === '' ? folder : `${folder}/${cluster}`);
  return [
    readPrefix('cilium/.heartbeat'),
    readKey('cilium/.has-cluster-config'),
    readFolder('cilium/state'),
    readKey(of('cilium/cluster-config')),
    readFolder(of('cilium/synced')),
    readFolder('cilium/cache'),
    readFolder('cilium/cluster-config'),
    readFolder('cilium/synced'),
  ];
}

function readKey(key: string): Permission {
  return { type: 'Read', key, rangeEnd: '' };
}

function readFolder(folder: string): Permission {
  return readPrefix(`${folder}/`);
}

/** The range ends with the prefix whose last byte is one more. */
function readPrefix(prefix: string): Permission {
  const last = prefix.charCodeAt(prefix.length - 1);
  return { type: 'Read', key: prefix, rangeEnd: prefix.slice(0, -1) + String.fromCharCode(last + 1) };
}
