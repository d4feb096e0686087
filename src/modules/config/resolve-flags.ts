import { envName, type Flag, type FlagValue } from './flag.js';
import { EXPECTED, textOfValue, valueOfArguments, valueOfText } from './flag-value.js';
import type { OptionProblem } from './option-problem.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** One flag's value and where it comes from; `origin` is what to name in messages: the flag or the variable. */
export interface Setting {
  readonly flag: Flag;
  readonly value: FlagValue;
  readonly origin: string;
}

export interface ResolvedFlags {
  /** Every flag; one that could not be read holds its default. */
  readonly settings: readonly Setting[];
  readonly problems: readonly OptionProblem[];
}

/** Flag over environment over default; an empty variable counts as unset (spec/operations.md §5). */
export function resolveFlags(
  flags: readonly Flag[],
  given: ReadonlyMap<string, readonly string[]>,
  env: Environment,
): ResolvedFlags {
  const problems: OptionProblem[] = [];
  const settings = flags.map((flag) => {
    const candidate = source(flag, given.get(flag.name), env);
    try {
      return { flag, origin: candidate.origin, value: candidate.read() };
    } catch (error) {
      problems.push(unreadable(candidate, error));
      return { flag, origin: candidate.origin, value: valueOfText(flag.type, flag.default) };
    }
  });
  return { settings, problems };
}

/** `  --name='value'` for each, as the original logs them at start. Hidden ones too. */
export function effectiveOptions(settings: readonly Setting[]): string[] {
  return settings.map(({ flag, value }) => `  --${flag.name}='${textOfValue(flag.type, value)}'`).toSorted();
}

interface Source {
  readonly flag: Flag;
  readonly kind: 'flag' | 'env' | 'default';
  readonly origin: string;
  readonly texts: readonly string[];
  read(): FlagValue;
}

function source(flag: Flag, texts: readonly string[] | undefined, env: Environment): Source {
  if (texts !== undefined) {
    const read = (): FlagValue => valueOfArguments(flag.type, texts);
    return { flag, kind: 'flag', origin: `--${flag.name}`, texts, read };
  }
  const name = envName(flag);
  const fromEnv = flag.noEnv === true ? undefined : env[name];
  const kind = fromEnv === undefined || fromEnv === '' ? 'default' : 'env';
  const text = kind === 'env' ? (fromEnv ?? '') : flag.default;
  const origin = kind === 'env' ? name : `--${flag.name}`;
  return { flag, kind, origin, texts: [text], read: () => valueOfText(flag.type, text) };
}

/** pflag's words for a flag; the same shape for a variable. */
function unreadable({ flag, kind, origin, texts }: Source, error: unknown): OptionProblem {
  const text = texts.find((candidate) => !isReadable(flag, candidate)) ?? texts.join(',');
  const why = error instanceof Error ? error.message : String(error);
  const spelling = flag.shorthand === undefined ? `--${flag.name}` : `-${flag.shorthand}, --${flag.name}`;
  const where = kind === 'flag' ? `"${spelling}" flag` : `"${origin}" environment variable`;
  const message = `invalid argument ${JSON.stringify(text)} for ${where}: ${why}`;
  return {
    flag: flag.name,
    message,
    usage: kind === 'flag',
    option: origin,
    value: text,
    expected: EXPECTED[flag.type],
  };
}

function isReadable(flag: Flag, text: string): boolean {
  try {
    valueOfArguments(flag.type, [text]);
    return true;
  } catch {
    return false;
  }
}
