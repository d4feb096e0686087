import { Command, type Help, Option } from 'commander';
import { COMMANDS, GROUPS, type WorkingCommand } from '../modules/config/commands.js';
import type { Flag } from '../modules/config/flag.js';
import { flagsOf } from '../modules/config/flags.js';
import { flagTerm, helpOption } from './flag-help.js';

export const PROGRAM_NAME = 'clustermesh-apiserver';

/** What a command is run with: the words after its name and its help. Resolves with the exit code. */
export type CommandHandler = (tokens: readonly string[], help: string) => Promise<number> | number;

export interface CommandHandlers {
  /** No command, or none that exists. */
  readonly root: CommandHandler;
  /** The same below a command that only holds others. */
  readonly group: (name: string) => CommandHandler;
  readonly version: CommandHandler;
  readonly completion: CommandHandler;
  readonly withFlags: (name: WorkingCommand) => CommandHandler;
}

/** One line a flag, however long, as in the original: it can be searched with grep. */
const unwrapped = Number.MAX_SAFE_INTEGER;
const helpFlag = new Option('-h, --help', 'Show this help').helpGroup('Flags:');
const environmentNote =
  '\nEach flag can be set by an environment variable too: --cluster-id is CILIUM_CLUSTER_ID. The flag wins.\n';

/**
 * The tree of commands with their help. Commander finds the command; the words after it reach the handler untouched,
 * because flags are read by pflag's grammar and all that is wrong with them is reported at once. `finished` gets the
 * handler's exit code.
 */
export class Program {
  private readonly root = new Command(PROGRAM_NAME)
    .description('Run the ClusterMesh apiserver')
    .helpCommand(false);

  constructor(
    private readonly handlers: CommandHandlers,
    private readonly finished: (code: number) => void,
  ) {}

  async run(argv: readonly string[]): Promise<void> {
    this.bind(this.root, argv, this.handlers.root);
    const words = argv.slice(1);
    for (const { name, summary } of COMMANDS) {
      const [first = '', second] = name.split(' ');
      const flags = flagsOf(name).filter((flag) => flag.hidden !== true);
      const parent = second === undefined ? this.root : this.group(first, words);
      const command = parent
        .command(second ?? first)
        .summary(summary)
        .description(summary);
      const tokens = second === undefined ? words : words.slice(1);
      this.bind(command, tokens, this.handlers.withFlags(name), [...flags.map(helpOption), helpFlag]);
    }
    this.add(
      'completion',
      'Generate the autocompletion script for bash, zsh or fish',
      words,
      this.handlers.completion,
    );
    this.add('help', 'Help about any command', words, ([topic]) =>
      this.handlers.root(['--help'], this.helpAbout(topic)),
    );
    this.add('version', 'Show version information', words, this.handlers.version);
    await this.root.parseAsync(argv, { from: 'user' });
  }

  /** A command that only holds others, made when the first of them is. */
  private group(name: string, words: readonly string[]): Command {
    const known = this.root.commands.find((command) => command.name() === name);
    if (known) return known;
    const summary = GROUPS[name] ?? '';
    const command = this.root.command(name).summary(summary).description(summary).helpCommand(false);
    this.bind(command, words, (tokens, help) => this.inGroup(name, tokens, help));
    return command;
  }

  /** Flags may stand before the name of the command within the group too. */
  private inGroup(group: string, tokens: readonly string[], help: string): Promise<number> | number {
    for (const { name } of COMMANDS) {
      const at = tokens.findIndex((token) => name === `${group} ${token}`);
      if (at >= 0) return this.handlers.withFlags(name)(tokens.toSpliced(at, 1), help);
    }
    return this.handlers.group(group)(tokens, help);
  }

  private add(name: string, summary: string, tokens: readonly string[], handler: CommandHandler): void {
    this.bind(this.root.command(name).summary(summary).description(summary), tokens, handler);
  }

  private bind(
    command: Command,
    tokens: readonly string[],
    handler: CommandHandler,
    options = [helpFlag],
  ): void {
    const look: Partial<Help> = { helpWidth: unwrapped, visibleOptions: () => options, optionTerm: flagTerm };
    command
      .usage(isGroup(command) ? '[command]' : '[flags]')
      .enablePositionalOptions()
      .allowUnknownOption()
      .allowExcessArguments()
      .helpOption(false)
      .configureHelp(look)
      .action(async () => this.finished(await handler(tokens, helpText(command))));
  }

  private helpAbout(topic: string | undefined): string {
    return helpText(this.root.commands.find((command) => command.name() === topic) ?? this.root);
  }
}

function isGroup(command: Command): boolean {
  const name = command.name();
  return name === PROGRAM_NAME || COMMANDS.some((row) => row.name.startsWith(`${name} `));
}

function helpText(command: Command): string {
  const row = COMMANDS.find(({ name }) => name === pathOf(command));
  const flags: readonly Flag[] = row ? flagsOf(row.name) : [];
  const environment = flags.some((flag) => flag.noEnv !== true);
  return command.helpInformation() + (environment ? environmentNote : '');
}

/** `secret extract`: two commands of different groups may have the same last word. */
function pathOf(command: Command): string {
  const parent = command.parent;
  return parent?.parent ? `${pathOf(parent)} ${command.name()}` : command.name();
}
