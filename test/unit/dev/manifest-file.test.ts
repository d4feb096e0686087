import { describe, expect, it } from 'vitest';
import { parseManifests } from '../../../dev/manifest-file.js';

describe(parseManifests, () => {
  it('reads several documents and skips empty ones', () => {
    const text =
      '---\n# nothing\n---\n{apiVersion: v1, kind: A, metadata: {name: a}}\n---\napiVersion: v1\nkind: B\nmetadata: {name: b}\n';

    expect(parseManifests(text, 'x.yaml').map(({ kind }) => kind)).toEqual(['A', 'B']);
    expect(parseManifests('', 'x.yaml')).toEqual([]);
  });

  it.each([
    ['kind: A\nmetadata: {name: [}\n', /^x\.yaml:2:19: /],
    ['{apiVersion: v1, kind: A, metadata: {name: a}}\n---\na: 1\n  b: 2\n', /^x\.yaml:[34]:/],
    ['apiVersion: v1\nmetadata: {name: a}\n', /^x\.yaml:1:1: kind is missing/],
    ['- 1\n', /^x\.yaml:1:1: the document is no object/],
  ])('says where %j is wrong', (text, message) => {
    expect(() => parseManifests(text, 'x.yaml')).toThrow(message);
  });
});
