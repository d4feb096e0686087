import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { latestVersion, notesOf, release, sections } from '../../../scripts/lib/release/changelog.mjs';
import { compareVersions, isVersion } from '../../../scripts/lib/release/semver.mjs';
import { versions } from '../../../scripts/lib/release/version-files.mjs';

describe('the version', () => {
  it('is the same everywhere', () => {
    const all = versions(fileURLToPath(new URL('../../..', import.meta.url)));

    expect(Object.keys(all)).toHaveLength(6);
    expect(new Set(Object.values(all))).toEqual(new Set([all['package.json']]));
  });
});

describe(isVersion, () => {
  it.each(['0.1.0', '10.20.30', '1.0.0-rc.1', '1.0.0-alpha-2.x', '1.0.0-0a'])('%s', (text) => {
    expect(isVersion(text)).toBe(true);
  });

  it.each([
    '',
    '1',
    '1.2',
    'v1.2.3',
    '1.2.3.4',
    '01.2.3',
    '1.2.3-',
    '1.2.3-01',
    '1.2.3-a..b',
    '1.2.3+build',
    ' 1.2.3',
  ])('not %s', (text) => {
    expect(isVersion(text)).toBe(false);
  });
});

describe(compareVersions, () => {
  // The specification's own example, and numbers that are not words.
  const ordered =
    '0.9.9 0.10.0 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 2.0.0 2.1.1 10.0.0'.split(
      ' ',
    );

  it('orders as the specification does', () => {
    const index = fc.nat({ max: ordered.length - 1 });
    fc.assert(
      fc.property(index, index, (a, b) => {
        expect(Math.sign(compareVersions(ordered[a]!, ordered[b]!))).toBe(Math.sign(a - b));
      }),
    );
  });
});

describe('the changelog', () => {
  const text =
    '# Changelog\n\n## [Unreleased]\n\n### Added\n\n- a\n\n## [0.1.0] - 2026-01-02\n\n### Added\n\n- b\n';

  it('is read by sections', () => {
    expect(sections(text)).toEqual([
      { name: 'Unreleased', date: undefined, body: '### Added\n\n- a' },
      { name: '0.1.0', date: '2026-01-02', body: '### Added\n\n- b' },
    ]);
    expect(latestVersion(text)).toBe('0.1.0');
    expect(notesOf(text, '0.1.0')).toBe('### Added\n\n- b');
  });

  it('gives what was collected to the new version', () => {
    const after = release(text, '0.2.0', '2026-03-04');

    expect(sections(after)).toEqual([
      { name: 'Unreleased', date: undefined, body: '' },
      { name: '0.2.0', date: '2026-03-04', body: '### Added\n\n- a' },
      { name: '0.1.0', date: '2026-01-02', body: '### Added\n\n- b' },
    ]);
    expect(latestVersion(after)).toBe('0.2.0');
  });

  it.each([
    [
      'nothing to release',
      '## [Unreleased]\n\n## [0.1.0] - 2026-01-02\n',
      /says nothing in its section "## \[Unreleased\]"/,
    ],
    ['no place for it', '## [0.1.0] - 2026-01-02\n\n- b\n', /has no section "## \[Unreleased\]"/],
    [
      'the version twice',
      `${text}\n## [0.2.0] - 2026-01-01\n\n- c\n`,
      /has a section "## \[0.2.0\]" already/,
    ],
    ['a heading of another form', '## 0.1.0\n', /"## 0.1.0" is no "## \[VERSION\] - YYYY-MM-DD"/],
  ])('refuses %s', (_, given, sentence) => {
    expect(() => release(given, '0.2.0', '2026-03-04')).toThrow(sentence);
  });
});
