import { builtinAccounts } from '../etcd/builtin-accounts.js';
import { EtcdAuthClient } from '../etcd/etcd-auth.js';
import type { EtcdClient } from '../etcd/etcd-client.js';
import type { KvCallOptions } from '../etcd/kv.js';

/** One request to the new etcd. */
export interface InitRequest {
  /** What failed when it fails: `adding user root`. */
  readonly name: string;
  /** Repeating it changes nothing. */
  readonly repeatable?: true;
  send(client: EtcdClient, options: KvCallOptions): Promise<unknown>;
}

type AuthCall = (auth: EtcdAuthClient, options: KvCallOptions) => Promise<void>;

/** All requests in their order, which is part of the contract: the auth revision after them is 30 (spec/operations.md §2.3). */
export function initRequests(cluster: string): InitRequest[] {
  return [
    put('cilium/.has-cluster-config', 'true'),
    ...builtinAccounts(cluster).flatMap(({ user, role, permissions }) => [
      auth(`adding user ${user}`, (calls, options) => calls.addUser(user, options)),
      ...(permissions ? [auth(`adding role ${role}`, (calls, options) => calls.addRole(role, options))] : []),
      auth(`granting role ${role} to ${user}`, (calls, options) => calls.grantRole(user, role, options)),
      ...(permissions ?? []).map((permission) =>
        auth(`granting permissions to role ${role}`, (calls, options) =>
          calls.grantPermission(role, permission, options),
        ),
      ),
    ]),
    auth('enabling authentication', (calls, options) => calls.enable(options)),
  ];
}

function put(key: string, value: string): InitRequest {
  const request = { key: Buffer.from(key), value: Buffer.from(value) };
  return {
    name: `setting key ${key}`,
    repeatable: true,
    send: (client, options) => client.call('KV', 'Put', request, options),
  };
}

function auth(name: string, call: AuthCall): InitRequest {
  return { name, send: (client, options) => call(new EtcdAuthClient(() => client), options) };
}
