import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';

/** What a users file asks for (spec/operations.md §3.1). */
export interface WantedUsers {
  /** Role by user. */
  readonly roles: ReadonlyMap<string, string>;
  readonly problems: readonly EntryProblem[];
}

/** An entry that cannot be followed. Its user stays as it is. */
export interface EntryProblem {
  /** '' when the entry has no usable name. */
  readonly user: string;
  /** With the line. */
  readonly message: string;
}

/** The file as a whole cannot be read: nothing of it is followed. */
export class UsersFileError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UsersFileError';
  }
}

/**
 * Reads `users: [{name, role}]`, YAML or JSON. Unknown keys are ignored and entries with an empty name skipped, as in the
 * original; an empty file has no users.
 * @param path only for messages.
 * @throws UsersFileError.
 */
export function parseUsersFile(text: string, path: string): WantedUsers {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const at = (node: unknown): string =>
    `${path}:${lines.linePos((node as { range?: [number] } | null)?.range?.[0] ?? 0).line}`;
  const [error] = document.errors;
  if (error) throw new UsersFileError(`${path}:${lines.linePos(error.pos[0]).line}: ${error.message}`);
  return new Entries(at).read(usersOf(document.contents, at));
}

/** What several files ask for together. Where they differ on a user, the first one holds, and the difference is a problem. */
export function together(files: readonly WantedUsers[]): WantedUsers {
  const roles = new Map<string, string>();
  const problems = files.flatMap((file) => file.problems);
  for (const [user, role] of files.flatMap((file) => [...file.roles])) {
    const first = roles.get(user);
    if (first === undefined) roles.set(user, role);
    else if (first !== role) {
      const message = `user ${quoted(user)} is listed with role ${quoted(role)}, and with ${quoted(first)} in another file`;
      problems.push({ user, message });
    }
  }
  return { roles, problems };
}

function usersOf(root: unknown, at: (node: unknown) => string): readonly unknown[] {
  if (isNothing(root)) return [];
  if (!isMap(root)) throw new UsersFileError(`${at(root)}: not a map with the key "users"`);
  const users = root.get('users', true);
  if (isNothing(users)) return [];
  if (!isSeq(users)) throw new UsersFileError(`${at(users)}: "users" is not a list`);
  return users.items;
}

function isNothing(node: unknown): boolean {
  return node === null || node === undefined || (isScalar(node) && node.value === null);
}

interface Entry {
  readonly role: string;
  readonly where: string;
}

class Entries {
  private readonly byUser = new Map<string, Entry[]>();
  private readonly problems: EntryProblem[] = [];

  constructor(private readonly at: (node: unknown) => string) {}

  read(items: readonly unknown[]): WantedUsers {
    for (const item of items) this.one(item);
    const roles = new Map<string, string>();
    for (const [user, [first, ...others]] of this.byUser) {
      const other = others.find((entry) => entry.role !== first?.role);
      if (other) this.conflict(user, other, first?.where ?? '');
      else if (first) roles.set(user, first.role);
    }
    return { roles, problems: this.problems };
  }

  private one(item: unknown): void {
    const where = this.at(item);
    if (!isMap(item)) {
      this.problems.push({ user: '', message: `${where}: not a user with name and role` });
      return;
    }
    const name = text(item, 'name');
    const role = text(item, 'role');
    if (name === '') return;
    if (name === undefined) this.problems.push({ user: '', message: `${where}: the name is not a text` });
    else if (!role) this.problems.push({ user: name, message: `${where}: user ${quoted(name)} has no role` });
    else this.byUser.set(name, [...(this.byUser.get(name) ?? []), { role, where }]);
  }

  private conflict(user: string, { where, role }: Entry, firstWhere: string): void {
    const message = `${where}: user ${quoted(user)} is listed with role ${quoted(role)}, and with another one at ${firstWhere}`;
    this.problems.push({ user, message });
  }
}

/** '' when it is not there, undefined when it is something else than a text. */
function text(map: YAMLMap, key: string): string | undefined {
  const node = map.get(key, true) as Node | undefined;
  if (isNothing(node)) return '';
  return isScalar(node) && typeof node.value === 'string' ? node.value : undefined;
}

function quoted(value: string): string {
  return JSON.stringify(value);
}
