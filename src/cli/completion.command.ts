import { COMMANDS } from '../modules/config/commands.js';
import { flagsOf } from '../modules/config/flags.js';
import { PROGRAM_NAME } from './program.js';

const plainCommands = ['completion', 'help', 'version'];

/** What can follow each command: the commands below it, and flags as they are typed. */
function wordsOf(): [command: string, words: string[]][] {
  const words = new Map<string, Set<string>>();
  for (const { name } of COMMANDS) {
    const [first = '', second] = name.split(' ');
    const known = words.get(first) ?? new Set();
    words.set(first, known);
    if (second !== undefined) known.add(second);
    for (const flag of flagsOf(name)) if (flag.hidden !== true) known.add(`--${flag.name}`);
  }
  return [...words].map(([command, known]) => [command, [...known]]);
}

const shells: Readonly<Record<string, () => string>> = { bash, zsh, fish };

/** A script to be sourced that completes commands and flags; undefined for a shell that is not known. */
export function completionScript(shell: string | undefined): string | undefined {
  return Object.hasOwn(shells, shell ?? '') ? shells[shell ?? '']?.() : undefined;
}

function bash(): string {
  const cases = wordsOf().map(([command, words]) => `    ${command}) words="${words.join(' ')}" ;;`);
  return `_clustermesh_apiserver() {
  local words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${commandNames().join(' ')}"
  else case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    completion) words="${Object.keys(shells).join(' ')}" ;;
  esac; fi
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _clustermesh_apiserver ${PROGRAM_NAME}
`;
}

function zsh(): string {
  return `autoload -U +X bashcompinit && bashcompinit\n${bash()}`;
}

function fish(): string {
  const first = `complete -c ${PROGRAM_NAME} -n __fish_use_subcommand -f -a '${commandNames().join(' ')}'`;
  const rest = wordsOf().flatMap(([command, words]) =>
    words.map((word) => {
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`;
      return `complete -c ${PROGRAM_NAME} -n '__fish_seen_subcommand_from ${command}' ${what}`;
    }),
  );
  return `${[first, ...rest].join('\n')}\n`;
}

function commandNames(): string[] {
  return [...wordsOf().map(([command]) => command), ...plainCommands].toSorted();
}
