import { describe, expect, it } from 'vitest';
import { parseUsersFile, UsersFileError } from '../../../src/modules/etcd-users/users-file.js';

describe(parseUsersFile.name, () => {
  const roles = (text: string): object => Object.fromEntries(parseUsersFile(text, 'f').roles);
  const problems = (text: string): string[] =>
    parseUsersFile(text, 'f').problems.map(({ message }) => message);

  it('reads YAML and JSON, and ignores keys that it does not know', () => {
    const yaml = 'more: 1\nusers:\n- name: a\n  role: remote\n  color: red\n- {name: b, role: local}\n';

    expect(roles(yaml)).toEqual({ a: 'remote', b: 'local' });
    expect(roles('{"users":[{"name":"a","role":"remote"}]}')).toEqual({ a: 'remote' });
    expect(problems(yaml)).toEqual([]);
  });

  for (const text of ['', '# nothing\n', 'null', '{}', 'users:', 'users: []', 'users: null']) {
    it(`finds no users in ${JSON.stringify(text)}`, () => {
      expect(parseUsersFile(text, 'f')).toEqual({ roles: new Map(), problems: [] });
    });
  }

  it('skips entries with an empty name without a word', () => {
    expect(parseUsersFile('users: [{name: "", role: remote}, {role: remote}]', 'f')).toEqual({
      roles: new Map(),
      problems: [],
    });
  });

  it('names what is wrong with an entry, with its line, and keeps the others', () => {
    const text =
      'users:\n- name: a\n- 5\n- {name: [x], role: r}\n- {name: b, role: 7}\n- {name: c, role: remote}\n';

    expect(roles(text)).toEqual({ c: 'remote' });
    expect(problems(text)).toEqual([
      'f:2: user "a" has no role',
      'f:3: not a user with name and role',
      'f:4: the name is not a text',
      'f:5: user "b" has no role',
    ]);
  });

  it('follows a user that is listed twice only if both say the same', () => {
    const text =
      'users:\n- {name: a, role: x}\n- {name: a, role: y}\n- {name: b, role: x}\n- {name: b, role: x}\n';

    expect(roles(text)).toEqual({ b: 'x' });
    expect(problems(text)).toEqual(['f:3: user "a" is listed with role "y", and with another one at f:2']);
  });

  for (const text of ['users: [', '- a', 'users: x', 'text', 'users: {a: b}', '\tusers: []']) {
    it(`refuses ${JSON.stringify(text)} as a whole`, () => {
      expect(() => parseUsersFile(text, 'f')).toThrow(UsersFileError);
      expect(() => parseUsersFile(text, 'f')).toThrow(/^f:1: /);
    });
  }
});
