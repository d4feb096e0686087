/** What logrus leaves unquoted; everything else, spaces and colons included, is quoted as Go's %q does. */
const plain = /^[A-Za-z0-9\-._/@^+]*$/;
// oxlint-disable-next-line no-control-regex
const needsEscape = /["\\\u0000-\u001f\u007f\u0080-\u009f\u2028\u2029]/g;
const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/**
 * One logfmt line as logrus writes it (spec/operations.md §1.1): time, level and msg first, then the fields by name.
 * `record` has those three and any JSON values; the result ends with a newline.
 */
export function logfmtLine(record: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(record)
    .filter((name) => name !== 'time' && name !== 'level' && name !== 'msg')
    .toSorted();
  return `${['time', 'level', 'msg', ...names].map((name) => `${name}=${value(record[name])}`).join(' ')}\n`;
}

function value(raw: unknown): string {
  const text = plainText(raw);
  return plain.test(text) ? text : `"${text.replace(needsEscape, escape)}"`;
}

function plainText(raw: unknown): string {
  if (typeof raw === 'string') return raw;
  if (Array.isArray(raw)) return `[${raw.map(plainText).join(' ')}]`;
  return raw === undefined ? '' : JSON.stringify(raw);
}

function escape(character: string): string {
  const short = shortEscapes[character];
  if (short !== undefined) return short;
  const code = character.charCodeAt(0);
  return code < 0x80
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}
