import type { CommandName, Flag } from './flag.js';

const all = ['admin status', 'admin diff', 'admin resync', 'admin events'] as const;
const scoped = ['admin diff', 'admin resync'] as const;

/** Of the commands that ask a running server; for people, so none is read from the environment. */
export const ADMIN_FLAGS: readonly Flag[] = [
  flag(all, {
    name: 'address',
    type: 'string',
    default: '127.0.0.1:9895',
    help: 'host:port of the admin API (kvstoremesh: 127.0.0.1:9896)',
  }),
  flag(all, { name: 'output', shorthand: 'o', type: 'string', default: 'table', help: 'table or json' }),
  flag(scoped, { name: 'scope', type: 'list', default: '', help: 'Scopes such as ip/v1 (empty: all)' }),
  flag(['admin diff'], {
    name: 'cluster',
    type: 'string',
    default: '',
    help: 'Only the copies of this remote cluster (empty: all)',
  }),
  flag(['admin diff'], {
    name: 'limit',
    type: 'uint',
    default: '100',
    help: 'How many keys to name, up to 10000; all are counted',
  }),
  flag(['admin resync'], {
    name: 'dry-run',
    type: 'bool',
    default: 'false',
    help: 'Compare and report, change nothing',
  }),
  flag(['admin resync'], {
    name: 'timeout',
    type: 'duration',
    default: '5m0s',
    help: 'How long to wait for its end',
  }),
  flag(['admin events'], {
    name: 'follow',
    shorthand: 'f',
    type: 'bool',
    default: 'false',
    help: 'Go on with what happens, until Ctrl-C',
  }),
];

function flag(commands: readonly CommandName[], row: Omit<Flag, 'commands' | 'noEnv'>): Flag {
  return { ...row, noEnv: true, commands };
}
