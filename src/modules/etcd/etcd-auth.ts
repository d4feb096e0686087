import type { Bytes } from '../../common/bytes.js';
import type { ClientSource } from './etcd-kv.js';
import { EtcdFault, type KvCallOptions } from './kv.js';

export type PermissionType = 'Read' | 'Write' | 'Readwrite';

/** What a role may do with the keys from `key` on, before `rangeEnd`; with one key when that is empty. */
export interface Permission {
  readonly type: PermissionType;
  readonly key: Bytes;
  readonly rangeEnd: Bytes;
}

/** etcd's accounts. Every call has a deadline and rejects with EtcdFault; none retries by itself. */
export interface EtcdAuth {
  users(options?: KvCallOptions): Promise<readonly string[]>;
  /** The role `root` is built in and not among them. */
  roles(options?: KvCallOptions): Promise<readonly string[]>;
  rolesOf(user: string, options?: KvCallOptions): Promise<readonly string[]>;
  /** Without a password: the account is for clients whose certificate names it. */
  addUser(user: string, options?: KvCallOptions): Promise<void>;
  deleteUser(user: string, options?: KvCallOptions): Promise<void>;
  grantRole(user: string, role: string, options?: KvCallOptions): Promise<void>;
  revokeRole(user: string, role: string, options?: KvCallOptions): Promise<void>;
}

export type AuthFaultKind = 'user-exists' | 'user-not-found' | 'role-not-found' | 'role-not-granted';

/** etcd's own words, as its servers 3.4 and 3.5 say them. */
const words: readonly (readonly [RegExp, AuthFaultKind])[] = [
  [/user name already exists/, 'user-exists'],
  [/user name not found/, 'user-not-found'],
  [/role name not found/, 'role-not-found'],
  [/role is not granted to the user/, 'role-not-granted'],
];

/** What an account's call failed of, where it is about the account; undefined for every other failure. */
export function authFaultKind(error: unknown): AuthFaultKind | undefined {
  if (!(error instanceof EtcdFault)) return undefined;
  return words.find(([pattern]) => pattern.test(error.message))?.[1];
}

/** EtcdAuth on etcd's own calls, and what only the setting up of an etcd needs. */
export class EtcdAuthClient implements EtcdAuth {
  constructor(private readonly client: ClientSource) {}

  async users(options?: KvCallOptions): Promise<readonly string[]> {
    return (await this.call<{ users: string[] }>('UserList', {}, options)).users;
  }

  async roles(options?: KvCallOptions): Promise<readonly string[]> {
    return (await this.call<{ roles: string[] }>('RoleList', {}, options)).roles;
  }

  async rolesOf(user: string, options?: KvCallOptions): Promise<readonly string[]> {
    return (await this.call<{ roles: string[] }>('UserGet', { name: user }, options)).roles;
  }

  async addUser(user: string, options?: KvCallOptions): Promise<void> {
    await this.call('UserAdd', { name: user, password: '', options: { no_password: true } }, options);
  }

  async deleteUser(user: string, options?: KvCallOptions): Promise<void> {
    await this.call('UserDelete', { name: user }, options);
  }

  async grantRole(user: string, role: string, options?: KvCallOptions): Promise<void> {
    await this.call('UserGrantRole', { user, role }, options);
  }

  async revokeRole(user: string, role: string, options?: KvCallOptions): Promise<void> {
    await this.call('UserRevokeRole', { name: user, role }, options);
  }

  async addRole(role: string, options?: KvCallOptions): Promise<void> {
    await this.call('RoleAdd', { name: role }, options);
  }

  async grantPermission(role: string, permission: Permission, options?: KvCallOptions): Promise<void> {
    const { type, key, rangeEnd } = permission;
    const perm = { permType: type, key: buffer(key), range_end: buffer(rangeEnd) };
    await this.call('RoleGrantPermission', { name: role, perm }, options);
  }

  /** From now on every request needs an account with a right to it. */
  async enable(options?: KvCallOptions): Promise<void> {
    await this.call('AuthEnable', {}, options);
  }

  private call<Response>(method: string, request: object, options?: KvCallOptions): Promise<Response> {
    return this.client().call<Response>('Auth', method, request, options);
  }
}

function buffer(bytes: Bytes): Buffer {
  return Buffer.from(bytes, 'latin1');
}
