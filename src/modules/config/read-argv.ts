import type { Flag } from './flag.js';

export interface ReadArgv {
  /** Texts by flag name, in the order given. */
  readonly given: ReadonlyMap<string, readonly string[]>;
  /** The original's messages for what could not be read. */
  readonly errors: readonly string[];
  /** --help or -h was there. */
  readonly help: boolean;
  readonly positional: readonly string[];
}

/**
 * Splits a command line into flags by pflag's grammar: `--name=value`, `--name value`, `--bool`, `-D`, `-Hvalue`,
 * `-H value`, and `--` ends the flags. Unlike pflag it goes on after an error, to report all of them at once.
 */
export function readArgv(tokens: readonly string[], flags: readonly Flag[]): ReadArgv {
  return new ArgvReader(flags).read(tokens);
}

class ArgvReader {
  private readonly given = new Map<string, string[]>();
  private readonly errors: string[] = [];
  private readonly positional: string[] = [];
  private help = false;
  private rest: string[] = [];

  constructor(private readonly flags: readonly Flag[]) {}

  read(tokens: readonly string[]): ReadArgv {
    this.rest = [...tokens];
    for (let token = this.rest.shift(); token !== undefined; token = this.rest.shift()) {
      if (token === '--') this.positional.push(...this.rest.splice(0));
      else if (token.startsWith('--')) this.readLong(token);
      else if (token.startsWith('-') && token !== '-') this.readShort(token);
      else this.positional.push(token);
    }
    const { given, errors, help, positional } = this;
    return { given, errors, help, positional };
  }

  private readLong(token: string): void {
    const at = token.indexOf('=');
    const name = at < 0 ? token.slice(2) : token.slice(2, at);
    if (name === '' || name.startsWith('-')) {
      this.errors.push(`bad flag syntax: ${token}`);
      return;
    }
    const flag = this.flags.find((candidate) => candidate.name === name);
    if (flag === undefined) this.unknown(name, `unknown flag: --${name}`);
    else this.take(flag, at < 0 ? undefined : token.slice(at + 1), token);
  }

  /** `-abc` is -a -b -c as long as they are booleans; the first that is not takes the rest as its value. */
  private readShort(token: string): void {
    for (let letters = token.slice(1); letters !== '';) {
      const letter = letters.charAt(0);
      letters = letters.slice(1);
      const flag = this.flags.find((candidate) => candidate.shorthand === letter);
      if (flag === undefined) {
        this.unknown(letter, `unknown shorthand flag: '${letter}' in ${token}`);
        return;
      }
      if (flag.type !== 'bool' || letters.startsWith('=')) {
        this.take(flag, letters === '' ? undefined : letters.replace(/^=/, ''), `'${letter}' in ${token}`);
        return;
      } else this.take(flag, undefined, token);
    }
  }

  private unknown(name: string, message: string): void {
    if (name === 'help' || name === 'h') this.help = true;
    else this.errors.push(message);
  }

  private take(flag: Flag, attached: string | undefined, token: string): void {
    const text = attached ?? (flag.type === 'bool' ? 'true' : this.rest.shift());
    if (text === undefined) {
      this.errors.push(`flag needs an argument: ${token}`);
      return;
    }
    const texts = this.given.get(flag.name) ?? [];
    texts.push(text);
    this.given.set(flag.name, texts);
  }
}
