import { COMMANDS } from '../modules/config/commands.js';
import { flagsOf } from '../modules/config/flags.js';
import { PROGRAM_NAME } from './program.js';

const plainCommands = ['completion', 'help', 'version'];

/** Flags by command, as they are typed. */
const wordsOf = (): [command: string, flags: string[]][] =>
  COMMANDS.map(({ name }) => [
    name,
    flagsOf(name)
      .filter((flag) => flag.hidden !== true)
      .map((flag) => `--${flag.name}`),
  ]);

const shells: Readonly<Record<string, () => string>> = { bash, zsh, fish };

/** A script to be sourced that completes commands and flags; undefined for a shell that is not known. */
export function completionScript(shell: string | undefined): string | undefined {
  return Object.hasOwn(shells, shell ?? '') ? shells[shell ?? '']?.() : undefined;
}

function bash(): string {
  const cases = wordsOf().map(([command, flags]) => `    ${command}) words="${flags.join(' ')}" ;;`);
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
  const rest = wordsOf().flatMap(([command, flags]) =>
    flags.map(
      (flag) => `complete -c ${PROGRAM_NAME} -n '__fish_seen_subcommand_from ${command}' -l ${flag.slice(2)}`,
    ),
  );
  return `${[first, ...rest].join('\n')}\n`;
}

function commandNames(): string[] {
  return [...COMMANDS.map(({ name }) => name), ...plainCommands].toSorted();
}
