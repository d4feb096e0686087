import type { Log } from '../../common/log.js';
import { type AuthFaultKind, authFaultKind, type EtcdAuth } from '../etcd/etcd-auth.js';
import { EtcdFault } from '../etcd/kv.js';
import type { EntryProblem, WantedUsers } from './users-file.js';
import type { UserRecord, UserRecords } from './user-records.js';

export interface UsersReconcilerOptions {
  readonly auth: EtcdAuth;
  readonly records: UserRecords;
  /** Role by user of the accounts that the file can neither change nor remove. */
  readonly builtin: ReadonlyMap<string, string>;
  readonly log: Log;
}

export type UserChange = 'created' | 'granted' | 'revoked' | 'removed';

export interface ReconcileReport {
  /** Entries that cannot be followed; trying again soon would not help. */
  readonly problems: readonly EntryProblem[];
  /** Users whose calls etcd failed: worth another attempt. */
  readonly failures: readonly { readonly user: string; readonly error: EtcdFault }[];
  /** What was done. */
  readonly changes: Readonly<Record<UserChange, number>>;
}

/** What one run knows of etcd. */
interface Accounts {
  readonly users: ReadonlySet<string>;
  readonly roles: ReadonlySet<string>;
  readonly records: ReadonlyMap<string, UserRecord>;
}

/** These end the run: every further call would fail too. */
const outages: readonly string[] = ['unavailable', 'timeout', 'aborted', 'permission-denied'];

/**
 * Makes etcd's users equal to the file's: one act for start, change, drift and retry. Each user stands alone, so one that fails
 * holds up nobody. A record is written before a user is made and removed after it is gone, so a crash in between leaves nothing
 * that the next run does not put right.
 */
export class UsersReconciler {
  constructor(private readonly options: UsersReconcilerOptions) {}

  /** @throws EtcdFault when etcd cannot be used at all. */
  async run(wanted: WantedUsers, signal: AbortSignal): Promise<ReconcileReport> {
    const { auth, records } = this.options;
    const accounts: Accounts = {
      users: new Set(await auth.users({ signal })),
      roles: new Set(['root', ...(await auth.roles({ signal }))]),
      records: await records.list(signal),
    };
    return new Run(this.options, accounts, signal).all(wanted);
  }
}

class Run {
  private readonly problems: EntryProblem[] = [];
  private readonly failures: { user: string; error: EtcdFault }[] = [];
  private readonly changes: Record<UserChange, number> = { created: 0, granted: 0, revoked: 0, removed: 0 };

  constructor(
    private readonly options: UsersReconcilerOptions,
    private readonly accounts: Accounts,
    private readonly signal: AbortSignal,
  ) {}

  async all({ roles, problems }: WantedUsers): Promise<ReconcileReport> {
    this.problems.push(...problems);
    for (const [user, role] of roles) {
      const problem = this.problemOf(user, role);
      if (problem !== undefined) this.problems.push({ user, message: problem });
      else if (!this.options.builtin.has(user)) await this.each(user, () => this.apply(user, role));
    }
    // Who has a bad entry is still in the file.
    const inFile = new Set([...roles.keys(), ...problems.map(({ user }) => user)]);
    for (const [user, record] of this.accounts.records) {
      if (!inFile.has(user)) await this.each(user, () => this.remove(user, record));
    }
    return { problems: this.problems, failures: this.failures, changes: this.changes };
  }

  private problemOf(user: string, role: string): string | undefined {
    const own = this.options.builtin.get(user);
    if (own !== undefined && own !== role)
      return `user ${user} is a built-in one with role ${own}: it keeps it, role ${role} is not granted`;
    if (!this.accounts.roles.has(role))
      return `user ${user}: there is no role ${JSON.stringify(role)} in etcd`;
    return undefined;
  }

  private async each(user: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof EtcdFault) || outages.includes(error.kind)) throw error;
      this.failures.push({ user, error });
    }
  }

  private async apply(user: string, role: string): Promise<void> {
    const { auth } = this.options;
    const record = await this.ensureUser(user, role);
    const current = await auth.rolesOf(user, this.call);
    if (!current.includes(role)) {
      await auth.grantRole(user, role, this.call);
      this.changed('granted', { user, role });
    }
    // The new role first: there is no moment in which the user has none. Of a user that is not ours only our grant is taken back.
    const stale = record.created ? current : current.filter((one) => one === record.role);
    for (const old of stale.filter((one) => one !== role)) await this.revoke(user, old);
    if (record.role !== role) await this.putRecord(user, { ...record, role });
  }

  /** @returns the record with the role that was granted last. */
  private async ensureUser(user: string, role: string): Promise<UserRecord> {
    const known = this.accounts.records.get(user);
    if (this.accounts.users.has(user)) {
      if (known) return known;
      this.options.log.warn('etcd user exists already: it is given the role, and never removed', {
        user,
        role,
      });
      return this.putRecord(user, { role, created: false });
    }
    const record = await this.putRecord(user, { role, created: true });
    await this.tolerate('user-exists', this.options.auth.addUser(user, this.call));
    this.changed('created', { user });
    return record;
  }

  private async remove(user: string, { role, created }: UserRecord): Promise<void> {
    const { auth, builtin, records } = this.options;
    if (this.accounts.users.has(user) && !builtin.has(user)) {
      if (created) {
        await this.tolerate('user-not-found', auth.deleteUser(user, this.call));
        this.changed('removed', { user });
      } else await this.revoke(user, role);
    }
    await records.delete(user, this.signal);
  }

  private async revoke(user: string, role: string): Promise<void> {
    await this.tolerate('role-not-granted', this.options.auth.revokeRole(user, role, this.call));
    this.changed('revoked', { user, role });
  }

  private async putRecord(user: string, record: UserRecord): Promise<UserRecord> {
    await this.options.records.put(user, record, this.signal);
    return record;
  }

  /** Somebody else was faster: what was wanted is so. */
  private async tolerate(kind: AuthFaultKind, call: Promise<void>): Promise<void> {
    try {
      await call;
    } catch (error) {
      if (authFaultKind(error) !== kind) throw error;
    }
  }

  private changed(change: UserChange, fields: { user: string; role?: string }): void {
    this.changes[change]++;
    this.options.log.info(messages[change], fields);
  }

  private get call(): { signal: AbortSignal } {
    return { signal: this.signal };
  }
}

const messages: Readonly<Record<UserChange, string>> = {
  created: 'etcd user added',
  granted: 'Role granted to etcd user',
  revoked: 'Role revoked from etcd user',
  removed: 'etcd user removed',
};
