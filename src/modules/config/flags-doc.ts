import { COMMANDS } from './commands.js';
import { envName, type Flag } from './flag.js';
import { flagsOf } from './flags.js';
import { supportedKeys } from './kvstore-opts.js';

const head = `# Flags

Made from the tables in \`src/modules/config\` by \`node scripts/flags-doc.mjs\`; do not edit.

Each flag can be given as environment variable too, but for those of the debugging commands. The flag wins over the
variable, the variable over the default, and an empty variable counts as unset. Durations are written as in Go: \`90s\`, \`1m30s\`, \`2h\`. Booleans are \`true\` or \`false\`
(also \`1 t T TRUE True 0 f F FALSE False\`); \`--flag\` alone is true, and \`--flag false\` is not false: write \`--flag=false\`.
`;

const kvstoreHead = `## Keys of \`--kvstore-opt\`

\`--kvstore-opt key=value,key=value\`, repeatable, the later wins. \`CILIUM_KVSTORE_OPT\` takes the same or a JSON object of strings.
One of \`etcd.config\` and \`etcd.address\` is needed; the file wins.
`;

/** docs/flags.md: the flags of every command that works, hidden ones marked. */
export function flagsDoc(): string {
  const commands = COMMANDS.map(({ name, summary }) => {
    const rows = flagsOf(name).map(flagRow);
    return `## \`${name}\`\n\n${summary}.\n\n${table(['flag', 'environment', 'type', 'default', 'meaning'], rows)}`;
  });
  const keys = table(
    ['key', 'value', 'meaning'],
    supportedKeys().map(({ name, expected, meaning }) => [`\`${name}\``, expected, meaning]),
  );
  return [head, ...commands, kvstoreHead, keys].join('\n');
}

function flagRow(flag: Flag): string[] {
  const short = flag.shorthand === undefined ? '' : `\`-${flag.shorthand}\`, `;
  const byDefault = flag.default === '' ? '' : `\`${flag.default}\``;
  const help = flag.hidden === true ? `${flag.help} (not shown by \`--help\`)` : flag.help;
  const variable = flag.noEnv === true ? '' : `\`${envName(flag)}\``;
  return [`${short}\`--${flag.name}\``, variable, flag.type, byDefault, help];
}

/** Columns padded, as prettier wants them. */
function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = titles.map((_, column) =>
    Math.max(3, ...[titles, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |\n`;
  return [titles, widths.map((width) => '-'.repeat(width)), ...rows].map(line).join('');
}
