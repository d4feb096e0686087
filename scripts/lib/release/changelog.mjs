// CHANGELOG.md as https://keepachangelog.com/en/1.1.0/ has it: one section a version, the newest first, and one for what comes.

const unreleased = 'Unreleased';
const heading = /^## \[(?<name>[^\]]+)\](?: - (?<date>\d{4}-\d{2}-\d{2}))?$/;

/**
 * @param {string} text
 * @returns {{ name: string, date: string | undefined, body: string }[]} in the file's order
 */
export function sections(text) {
  const found = [];
  for (const line of text.split('\n')) {
    const match = heading.exec(line);
    if (match) found.push({ name: match.groups.name, date: match.groups.date, lines: [] });
    else if (line.startsWith('## '))
      throw new Error(`CHANGELOG.md: "${line}" is no "## [VERSION] - YYYY-MM-DD"`);
    else found.at(-1)?.lines.push(line);
  }
  return found.map(({ name, date, lines }) => ({ name, date, body: lines.join('\n').trim() }));
}

/**
 * What the file says about one version.
 * @param {string} text
 * @param {string} version
 * @returns {string}
 */
export function notesOf(text, version) {
  const section = sections(text).find(({ name }) => name === version);
  if (section === undefined) throw new Error(`CHANGELOG.md has no section "## [${version}]"`);
  if (section.body === '') throw new Error(`CHANGELOG.md says nothing in its section "## [${version}]"`);
  return section.body;
}

/** The newest version that has been released; undefined if none has. @param {string} text */
export const latestVersion = (text) => sections(text).find(({ name }) => name !== unreleased)?.name;

/**
 * The file once what has been collected is released as a version: its section gets the name, a new empty one comes above.
 * @param {string} text
 * @param {string} version
 * @param {string} date YYYY-MM-DD
 * @returns {string}
 */
export function release(text, version, date) {
  notesOf(text, unreleased);
  if (sections(text).some(({ name }) => name === version)) {
    throw new Error(`CHANGELOG.md has a section "## [${version}]" already`);
  }
  return text.replace(`## [${unreleased}]`, () => `## [${unreleased}]\n\n## [${version}] - ${date}`);
}
