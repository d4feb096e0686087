/** One piece of a comma list: bare, or in double quotes with "" for a quote, as encoding/csv has it. */
const piece = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;

/** `a,"b,c"` is a and b,c; '' is empty. */
export function splitCsv(text: string): string[] {
  if (text === '') return [];
  const parts: string[] = [];
  piece.lastIndex = 0;
  for (;;) {
    const match = piece.exec(text);
    if (match === null) throw new Error(`parse error in ${JSON.stringify(text)}: bare " in non-quoted field`);
    parts.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === '') return parts;
  }
}

/** As pflag: with one `=` the whole text is one pair (its value may hold commas), with more it is a list of pairs. */
export function mapOfFlag(text: string): Record<string, string> {
  const pairs = text.split('=').length === 2 ? [text.replace(/^"+|"+$/g, '')] : splitCsv(text);
  if (!text.includes('=')) throw notAPair(text);
  return Object.fromEntries(pairs.map(pairOf));
}

/** `k=v,k=v`, where a part without `=` belongs to the value before it, or a JSON object of texts. */
export function mapOfEnv(text: string): Record<string, string> {
  const trimmed = text.trim();
  if (trimmed === '') return {};
  if (trimmed.startsWith('{')) return mapOfJson(trimmed);
  const pairs: string[] = [];
  for (const part of trimmed.split(',')) {
    if (part.includes('=')) pairs.push(part.trim());
    else if (pairs.length > 0) pairs.push(`${pairs.pop() ?? ''},${part}`);
    else throw notAPair(part);
  }
  return Object.fromEntries(pairs.map(pairOf));
}

function mapOfJson(text: string): Record<string, string> {
  const parsed = JSON.parse(text) as Record<string, unknown>;
  for (const [key, value] of Object.entries(parsed)) {
    if (typeof value !== 'string') throw new Error(`the value of ${JSON.stringify(key)} must be a string`);
  }
  return parsed as Record<string, string>;
}

function pairOf(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 0) throw notAPair(text);
  return [text.slice(0, at), text.slice(at + 1)];
}

function notAPair(text: string): Error {
  return new Error(`${text} must be formatted as key=value`);
}
