import { parseGoDuration } from '../../common/go-duration.js';
import { withoutSecret } from './flag-value.js';
import { atoi } from './go-number.js';
import type { OptionProblem } from './option-problem.js';

/** What `--kvstore-opt` says, read; durations in ms. What it does not say is absent. */
export interface KvstoreOpts {
  'etcd.config'?: string;
  'etcd.address'?: string;
  'etcd.qps'?: number;
  'etcd.bootstrapQps'?: number;
  'etcd.maxInflight'?: number;
  'etcd.limit'?: number;
  'etcd.maxTxnOps'?: number;
  'etcd.keepaliveHeartbeat'?: number;
  'etcd.keepaliveTimeout'?: number;
}

interface Key {
  readonly expected: string;
  readonly meaning: string;
  /** Throws an Error that says what is wrong. */
  read(text: string): string | number;
}

const asIs = (text: string): string => text;

/** The supported keys (spec/operations.md §4.2) and etcd.maxTxnOps, which only this program has. */
const KEYS: Readonly<Record<keyof KvstoreOpts, Key>> = {
  'etcd.config': { expected: 'a path', meaning: 'Path to the etcd configuration file', read: asIs },
  'etcd.address': { expected: 'an address', meaning: 'Address of the etcd server', read: asIs },
  'etcd.qps': integer(1, undefined, 'Requests per second (default 20)'),
  'etcd.bootstrapQps': integer(
    0,
    undefined,
    'Requests per second until the first synchronization (0: as etcd.qps)',
  ),
  'etcd.maxInflight': integer(
    0,
    undefined,
    'Parallel write transactions (0: as etcd.qps); 4 to 32 are used, as the answers of etcd allow',
  ),
  'etcd.limit': integer(0, undefined, 'Page size of lists (default 256, 0: unlimited)'),
  'etcd.maxTxnOps': integer(1, 10_000, 'Keys written in one transaction (default 128)'),
  'etcd.keepaliveHeartbeat': duration('Interval of keepalive pings (default 15s)'),
  'etcd.keepaliveTimeout': duration('How long a ping may go unanswered (default 25s)'),
};

const message = 'failed connecting to kvstore: invalid kvstore configuration, see log for details';

/** Reads every key; all that are unknown or wrong make one problem, with a line each and the supported keys. */
export function readKvstoreOpts(
  given: Readonly<Record<string, string>>,
  option: string,
): { opts: KvstoreOpts; problem?: OptionProblem } {
  const opts: Record<string, string | number> = {};
  const complaints: { message: string; fields: Record<string, unknown> }[] = [];
  for (const [name, text] of Object.entries(given)) {
    const key = Object.hasOwn(KEYS, name) ? KEYS[name as keyof KvstoreOpts] : undefined;
    if (key === undefined) {
      const fields = { option, value: withoutSecret(name, text) };
      complaints.push({ message: `unknown kvstore configuration key "${name}"`, fields });
      continue;
    }
    try {
      opts[name] = key.read(text);
    } catch (error) {
      const fields = { error, option, value: text, expected: key.expected };
      complaints.push({ message: `invalid value for key ${name}`, fields });
    }
  }
  if (complaints.length === 0) return { opts };
  const lines = supportedKeys().map(({ name, meaning }) => `  ${name.padEnd(24)} ${meaning}`);
  const listed = ['Supported configuration keys:', ...lines].map((line) => ({ message: line, fields: {} }));
  const details = [...complaints, ...listed];
  return { opts, problem: { flag: 'kvstore-opt', message, usage: false, details } };
}

/** The table of keys, for messages and documentation. */
export function supportedKeys(): { name: string; expected: string; meaning: string }[] {
  return Object.entries(KEYS).map(([name, { expected, meaning }]) => ({ name, expected, meaning }));
}

function integer(low: number, high: number | undefined, meaning: string): Key {
  const expected = high === undefined ? `an integer, ${low} or more` : `an integer, ${low}..${high}`;
  const read = (value: string): number => {
    const number = atoi(value);
    if (number < low || number > (high ?? number)) throw new Error(`must be ${expected}`);
    return number;
  };
  return { expected, meaning, read };
}

function duration(meaning: string): Key {
  const expected = 'a duration longer than 0, such as 15s';
  const read = (value: string): number => {
    const ms = parseGoDuration(value);
    if (ms <= 0) throw new Error(`must be ${expected}`);
    return ms;
  };
  return { expected, meaning, read };
}
