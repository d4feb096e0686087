/**
 * JSON text as Go's encoding/json prints it (spec/k8s-sync.md §7). Text is built directly: a JavaScript object would move
 * integer-like keys (`"1"`) to the front, and JSON.stringify escapes lone surrogates and leaves `<`, `>`, `&` alone.
 */
import { bytesOf } from './bytes.js';

// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const needsEscape = /["\\<>&\u0000-\u001f\u2028\u2029]/;
// eslint-disable-next-line no-control-regex -- see above
const everyEscape = /["\\<>&\u0000-\u001f\u2028\u2029]/g;
const surrogate = /[\ud800-\udfff]/;

const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function escapeOf(character: string): string {
  return shortEscapes[character] ?? '\\u' + character.charCodeAt(0).toString(16).padStart(4, '0');
}

/** A JSON string with its quotes. Lone surrogates stay; bytesOf() makes them U+FFFD as Go's decoder does. */
export function quote(text: string): string {
  return needsEscape.test(text) ? '"' + text.replace(everyEscape, escapeOf) + '"' : '"' + text + '"';
}

/** Sorts in place by UTF-8 bytes, which is Go's order of strings; UTF-16 order differs only where surrogates are involved. */
export function sortByBytes(texts: string[]): string[] {
  if (!texts.some((text) => surrogate.test(text))) return texts.sort();
  return texts.sort((a, b) => {
    const x = bytesOf(a);
    const y = bytesOf(b);
    return x < y ? -1 : x > y ? 1 : 0;
  });
}

/** A JSON object from a map of names to JSON texts, names in byte order. */
export function mapText(entries: ReadonlyMap<string, string>): string {
  if (entries.size === 0) return '{}';
  let text = '';
  for (const name of sortByBytes([...entries.keys()])) {
    text += (text === '' ? '{' : ',') + quote(name) + ':' + (entries.get(name) ?? 'null');
  }
  return text + '}';
}

/** A JSON object from a map of strings, as Go prints a map[string]string. */
export function stringMapText(entries: ReadonlyMap<string, string>): string {
  if (entries.size === 0) return '{}';
  let text = '';
  for (const name of sortByBytes([...entries.keys()])) {
    text += (text === '' ? '{' : ',') + quote(name) + ':' + quote(entries.get(name) ?? '');
  }
  return text + '}';
}
