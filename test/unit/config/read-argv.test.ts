import { describe, expect, it } from 'vitest';
import { flagsOf } from '../../../src/modules/config/flags.js';
import { type ReadArgv, readArgv } from '../../../src/modules/config/read-argv.js';

/** The flags with a shorthand that takes a value are those of `kvstoremesh-dbg status`. */
const flags = [...flagsOf('clustermesh'), ...flagsOf('kvstoremesh-dbg status')];

function read(tokens: string[]): Record<string, unknown> {
  const { given, ...rest }: ReadArgv = readArgv(tokens, flags);
  return { ...rest, given: Object.fromEntries(given) };
}

describe('readArgv', () => {
  const nothing = { given: {}, errors: [], help: false, positional: [] };
  const cases: [tokens: string[], read: object][] = [
    [[], {}],
    [['--cluster-name=a=b'], { given: { 'cluster-name': ['a=b'] } }],
    [['--cluster-name', '--debug'], { given: { 'cluster-name': ['--debug'] } }],
    [['--cluster-name', '--'], { given: { 'cluster-name': ['--'] } }],
    [['--cluster-id', '-1'], { given: { 'cluster-id': ['-1'] } }],
    [['--debug', 'x'], { given: { debug: ['true'] }, positional: ['x'] }],
    [['-D', '--', '-D', '--nope'], { given: { debug: ['true'] }, positional: ['-D', '--nope'] }],
    [['-D=false'], { given: { debug: ['false'] } }],
    [['-ojson', '-o', 'yaml', '-o=x'], { given: { output: ['json', 'yaml', 'x'] } }],
    [['-DHh:1'], { given: { debug: ['true'], host: ['h:1'] } }],
    [['-'], { positional: ['-'] }],
    [['--help'], { help: true }],
    [['-h'], { help: true }],
    [['--cluster-name', '--help'], { given: { 'cluster-name': ['--help'] } }],
    [['--nope', '--x=1', 'y'], { errors: ['unknown flag: --nope', 'unknown flag: --x'], positional: ['y'] }],
    [['-cluster-id=1'], { errors: ["unknown shorthand flag: 'c' in -cluster-id=1"] }],
    [['--=x', '---y'], { errors: ['bad flag syntax: --=x', 'bad flag syntax: ---y'] }],
    [['--cluster-id'], { errors: ['flag needs an argument: --cluster-id'] }],
    [['-o'], { errors: ["flag needs an argument: 'o' in -o"] }],
    [['--Debug'], { errors: ['unknown flag: --Debug'] }],
  ];
  for (const [tokens, expected] of cases) {
    it(`reads ${JSON.stringify(tokens)}`, () => {
      expect(read(tokens)).toEqual({ ...nothing, ...expected });
    });
  }
});
