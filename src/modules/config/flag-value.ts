import { formatGoDuration, parseGoDuration } from '../../common/go-duration.js';
import type { FlagType, FlagValue } from './flag.js';
import { parseBool, parseFloat64, parseInt64, parseUint } from './go-number.js';
import { mapOfEnv, mapOfFlag, splitCsv } from './list-text.js';

const scalars: Readonly<Record<Exclude<FlagType, 'list' | 'kvmap'>, (text: string) => FlagValue>> = {
  string: (text) => text,
  bool: parseBool,
  int: parseInt64,
  uint: (text) => parseUint(text, 64),
  uint16: (text) => parseUint(text, 16),
  uint32: (text) => parseUint(text, 32),
  float: parseFloat64,
  duration: parseGoDuration,
};

/** What a flag given on the command line means; given several times, lists grow, maps merge and otherwise the last wins. */
export function valueOfArguments(type: FlagType, texts: readonly string[]): FlagValue {
  if (type === 'list') return texts.flatMap(splitCsv);
  if (type === 'kvmap') return Object.assign({}, ...texts.map(mapOfFlag)) as Record<string, string>;
  return texts.map((text) => scalars[type](text)).at(-1) ?? '';
}

/** What an environment variable, or a default, means. Throws an Error that says what is wrong with the text. */
export function valueOfText(type: FlagType, text: string): FlagValue {
  if (type === 'list') return splitCsv(text);
  return type === 'kvmap' ? mapOfEnv(text) : scalars[type](text);
}

/** The value as it could be typed, but for secrets. */
export function textOfValue(type: FlagType, value: FlagValue): string {
  if (type === 'duration') return formatGoDuration(value as number);
  if (typeof value !== 'object') return withoutSecret('', String(value));
  if (Array.isArray(value)) return value.join(',');
  return Object.entries(value)
    .map(([key, item]) => `${key}=${withoutSecret(key, item)}`)
    .toSorted()
    .join(',');
}

/** No option is meant to hold a password, but a URL or a made-up key can; neither may reach the log. */
export function withoutSecret(key: string, text: string): string {
  if (/passw|secret|token/i.test(key)) return '***';
  return text.replace(/:\/\/[^/@\s]*@/g, '://***@');
}

/** For messages: what would have been right. */
export const EXPECTED: Readonly<Record<FlagType, string>> = {
  string: 'text',
  bool: 'true or false',
  int: 'an integer',
  uint: 'an integer, 0 or more',
  uint16: 'an integer, 0..65535',
  uint32: 'an integer, 0..4294967295',
  float: 'a number',
  duration: 'a duration such as 30s, 5m or 1h30m',
  list: 'a,b,...',
  kvmap: 'key=value,key=value,...',
};
