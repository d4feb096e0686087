import { describe, expect, it } from 'vitest';
import { jsonPatch, JsonPatchError } from '../../../dev/api-server/store/json-patch.js';
import { mergePatch } from '../../../dev/api-server/store/merge-patch.js';

describe(mergePatch, () => {
  it('merges objects, replaces everything else, and removes what is null', () => {
    const target = { a: { b: 1, c: 2 }, list: [1, 2], gone: true };

    expect(mergePatch(target, { a: { b: 3, c: null }, list: [3], gone: null, n: { x: null } })).toEqual({
      a: { b: 3 },
      list: [3],
      n: {},
    });
    expect(target.a.c).toBe(2);
  });
});

describe(jsonPatch, () => {
  const target = { a: { 'x/y': 1, '~': 2 }, list: [1, 2, 3] };

  it.each([
    [
      { op: 'add', path: '/a/new', value: 5 },
      { a: { 'x/y': 1, '~': 2, new: 5 }, list: [1, 2, 3] },
    ],
    [
      { op: 'add', path: '/list/1', value: 9 },
      { ...target, list: [1, 9, 2, 3] },
    ],
    [
      { op: 'add', path: '/list/-', value: 9 },
      { ...target, list: [1, 2, 3, 9] },
    ],
    [
      { op: 'remove', path: '/list/0' },
      { ...target, list: [2, 3] },
    ],
    [
      { op: 'replace', path: '/a/x~1y', value: 7 },
      { ...target, a: { 'x/y': 7, '~': 2 } },
    ],
    [
      { op: 'replace', path: '/a/~0', value: 7 },
      { ...target, a: { 'x/y': 1, '~': 7 } },
    ],
    [
      { op: 'move', from: '/list/0', path: '/list/2' },
      { ...target, list: [2, 3, 1] },
    ],
    [
      { op: 'copy', from: '/list/0', path: '/first' },
      { ...target, first: 1 },
    ],
    [{ op: 'test', path: '/list', value: [1, 2, 3] }, target],
    [{ op: 'replace', path: '', value: 1 }, 1],
  ])('%j', (operation, expected) => {
    expect(jsonPatch(target, [operation])).toEqual(expected);
  });

  it.each([
    { op: 'replace', path: '/absent', value: 1 },
    { op: 'remove', path: '/absent' },
    { op: 'remove', path: '/list/3' },
    { op: 'add', path: '/list/4', value: 1 },
    { op: 'add', path: '/absent/x', value: 1 },
    { op: 'add', path: '/a/x~1y/deeper', value: 1 },
    { op: 'test', path: '/list/0', value: 2 },
    { op: 'add', path: 'no-pointer', value: 1 },
    { op: 'invent', path: '/a' },
  ])('does not apply %j', (operation) => {
    expect(() => jsonPatch(target, [{ op: 'add', path: '/before', value: 1 }, operation])).toThrow(
      JsonPatchError,
    );
    expect(target).not.toHaveProperty('before');
  });
});
