import { Option } from 'commander';
import type { Flag, FlagType } from '../modules/config/flag.js';

/** pflag's names of the types. */
const typeNames: Readonly<Record<FlagType, string>> = {
  string: 'string',
  bool: '',
  int: 'int',
  uint: 'uint',
  uint16: 'uint16',
  uint32: 'uint32',
  float: 'float32',
  duration: 'duration',
  list: 'strings',
  kvmap: 'stringToString',
};

/** What --help shows of a flag; only the texts are used, flags are read by readArgv. */
export function helpOption(flag: Flag): Option {
  const spelling = flag.shorthand === undefined ? `--${flag.name}` : `-${flag.shorthand}, --${flag.name}`;
  const name = typeNames[flag.type];
  const option = new Option(
    name === '' ? spelling : `${spelling} <${name}>`,
    `${flag.help}${shownDefault(flag)}`,
  );
  return option.helpGroup('Flags:');
}

/** Aligned under each other whether there is a shorthand or not. */
export function flagTerm(option: Option): string {
  const flags = option.flags.replace(/[<>]/g, '');
  return flags.startsWith('--') ? `    ${flags}` : flags;
}

function shownDefault(flag: Flag): string {
  if (['', 'false', '0'].includes(flag.default)) return '';
  return flag.type === 'string' ? ` (default "${flag.default}")` : ` (default ${flag.default})`;
}
