import { readArgv } from '../modules/config/read-argv.js';
import type { WorkingCommand } from '../modules/config/commands.js';
import { type Apps, lazyApps } from './apps.js';
import type { CliIo } from './cli-io.js';
import { type CommandHandler, Program, PROGRAM_NAME } from './program.js';
import { printHelp, printUsageErrors } from './usage.js';

/** The whole program but for the process: runs what argv says and resolves with the exit code. */
export async function runCli(io: CliIo, apps: Apps = lazyApps): Promise<number> {
  let exitCode = 1;
  const handlers = {
    root: root(io, PROGRAM_NAME),
    group: (name: string) => root(io, `${PROGRAM_NAME} ${name}`),
    version: leaf(io, async () => {
      const { versionText } = await import('./version.command.js');
      io.stdout.write(await versionText());
      return 0;
    }),
    completion: leaf(io, async ([shell], help) => {
      const { completionScript } = await import('./completion.command.js');
      const script = completionScript(shell);
      return printHelp(script ?? help, io);
    }),
    withFlags:
      (name: WorkingCommand): CommandHandler =>
      (tokens, help) =>
        flagCommands[name]({ tokens, help, io, apps }),
  };
  await new Program(handlers, (code) => (exitCode = code)).run(io.argv);
  return exitCode;
}

interface FlagCommandCall {
  readonly tokens: readonly string[];
  readonly help: string;
  readonly io: CliIo;
  readonly apps: Apps;
}

/** Loaded when asked for, so that `version` and --help stay quick. */
const flagCommands: Readonly<Record<WorkingCommand, (call: FlagCommandCall) => Promise<number>>> = {
  clustermesh: async ({ tokens, help, io, apps }) => {
    const { runOptionCommand } = await import('./option-command.js');
    const { clustermeshCommand } = await import('./clustermesh.command.js');
    return runOptionCommand(clustermeshCommand(apps), tokens, help, io);
  },
  kvstoremesh: async ({ tokens, help, io, apps }) => {
    const { runOptionCommand } = await import('./option-command.js');
    const { loadKvstoremeshOptions } = await import('../modules/config/load-kvstoremesh-options.js');
    const command = { name: 'kvstoremesh', load: loadKvstoremeshOptions, run: apps.kvstoremesh } as const;
    return runOptionCommand(command, tokens, help, io);
  },
  etcdinit: async ({ tokens, help, io, apps }) => {
    const { runOptionCommand } = await import('./option-command.js');
    const { loadEtcdInitOptions } = await import('../modules/config/load-tool-options.js');
    const command = { name: 'etcdinit', load: loadEtcdInitOptions, run: apps.etcdinit } as const;
    return runOptionCommand(command, tokens, help, io);
  },
  certs: async ({ tokens, help, io, apps }) => {
    const { runOptionCommand } = await import('./option-command.js');
    const { loadCertsOptions } = await import('../modules/config/load-certs-options.js');
    const command = { name: 'certs', load: loadCertsOptions, run: apps.certs } as const;
    return runOptionCommand(command, tokens, help, io);
  },
  'clustermesh-dbg troubleshoot': async ({ tokens, help, io, apps }) => {
    const { runTextCommand } = await import('./text-command.js');
    const { loadTroubleshootOptions: load } = await import('../modules/config/load-tool-options.js');
    const command = { name: 'clustermesh-dbg troubleshoot', load, run: apps.troubleshoot } as const;
    return runTextCommand(command, tokens, help, io);
  },
  'kvstoremesh-dbg status': async ({ tokens, help, io, apps }) => {
    const { runTextCommand } = await import('./text-command.js');
    const { loadStatusOptions: load } = await import('../modules/config/load-tool-options.js');
    const command = { name: 'kvstoremesh-dbg status', load, run: apps.kvstoreMeshStatus } as const;
    return runTextCommand(command, tokens, help, io);
  },
  'kvstoremesh-dbg troubleshoot': async ({ tokens, help, io, apps }) => {
    const { runTextCommand } = await import('./text-command.js');
    const { loadMeshTroubleshootOptions: load } = await import('../modules/config/load-tool-options.js');
    const command = { name: 'kvstoremesh-dbg troubleshoot', load, run: apps.troubleshoot } as const;
    return runTextCommand(command, tokens, help, io);
  },
  'admin status': async ({ tokens, help, io, apps }) => {
    const { runAdminCommand } = await import('./admin.command.js');
    const { loadAdminStatusOptions: load } = await import('../modules/config/load-admin-options.js');
    const command = { name: 'admin status', load, run: apps.adminStatus } as const;
    return runAdminCommand(command, tokens, help, io);
  },
  'admin diff': async ({ tokens, help, io, apps }) => {
    const { runAdminCommand } = await import('./admin.command.js');
    const { loadAdminDiffOptions: load } = await import('../modules/config/load-admin-options.js');
    const command = { name: 'admin diff', load, run: apps.adminDiff } as const;
    return runAdminCommand(command, tokens, help, io);
  },
  'admin resync': async ({ tokens, help, io, apps }) => {
    const { runAdminCommand } = await import('./admin.command.js');
    const { loadAdminResyncOptions: load } = await import('../modules/config/load-admin-options.js');
    const command = { name: 'admin resync', load, run: apps.adminResync } as const;
    return runAdminCommand(command, tokens, help, io);
  },
  'admin events': async ({ tokens, help, io, apps }) => {
    const { runAdminCommand } = await import('./admin.command.js');
    const { loadAdminEventsOptions: load } = await import('../modules/config/load-admin-options.js');
    const command = { name: 'admin events', load, run: apps.adminEvents } as const;
    return runAdminCommand(command, tokens, help, io);
  },
  connect: async ({ tokens, help, io, apps }) => {
    const { runPeeringCommand } = await import('./peering.command.js');
    const { loadConnectOptions: load } = await import('../modules/config/load-peering-options.js');
    const command = { name: 'connect', load, run: apps.connect } as const;
    return runPeeringCommand(command, tokens, help, io);
  },
  disconnect: async ({ tokens, help, io, apps }) => {
    const { runPeeringCommand } = await import('./peering.command.js');
    const { loadDisconnectOptions: load } = await import('../modules/config/load-peering-options.js');
    const command = { name: 'disconnect', load, run: apps.disconnect } as const;
    return runPeeringCommand(command, tokens, help, io);
  },
  status: async ({ tokens, help, io, apps }) => {
    const { runPeeringCommand } = await import('./peering.command.js');
    const { loadMeshStatusOptions: load } = await import('../modules/config/load-peering-options.js');
    const command = { name: 'status', load, run: apps.meshStatus } as const;
    return runPeeringCommand(command, tokens, help, io);
  },
  'secret extract': async ({ tokens, help, io, apps }) => {
    const { runPeeringCommand } = await import('./peering.command.js');
    const { loadExtractSecretOptions: load } = await import('../modules/config/load-peering-options.js');
    const command = { name: 'secret extract', load, run: apps.extractSecret } as const;
    return runPeeringCommand(command, tokens, help, io);
  },
  'secret import': async ({ tokens, help, io, apps }) => {
    const { runPeeringCommand } = await import('./peering.command.js');
    const { loadImportSecretsOptions: load } = await import('../modules/config/load-peering-options.js');
    const command = { name: 'secret import', load, run: apps.importSecrets } as const;
    return runPeeringCommand(command, tokens, help, io);
  },
};

/** Without a command: the usage, exit code 0. With one that does not exist: an error. */
function root(io: CliIo, path: string): CommandHandler {
  return (tokens, help) => {
    const { errors, positional } = readArgv(tokens, []);
    if (errors.length > 0) return printUsageErrors(errors, help, io);
    if (positional.length === 0) return printHelp(help, io);
    return printUsageErrors([`unknown command "${positional[0]}" for "${path}"`], help, io);
  };
}

/** A command without flags of its own. */
function leaf(
  io: CliIo,
  run: (positional: readonly string[], help: string) => Promise<number>,
): CommandHandler {
  return (tokens, help) => {
    const { errors, help: asked, positional } = readArgv(tokens, []);
    if (errors.length > 0) return printUsageErrors(errors, help, io);
    return asked ? printHelp(help, io) : run(positional, help);
  };
}
