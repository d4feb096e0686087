import type { Log } from '../common/log.js';
import type {
  AdminDiffOptions,
  AdminEventsOptions,
  AdminOptions,
  AdminResyncOptions,
} from '../modules/config/admin-options.js';
import type { CertsOptions } from '../modules/config/certs-options.js';
import type { ClustermeshOptions } from '../modules/config/clustermesh-options.js';
import type { KvstoreMeshStatusOptions, TroubleshootOptions } from '../modules/config/debug-options.js';
import type { EtcdInitOptions } from '../modules/config/etcdinit-options.js';
import type { KvstoremeshOptions } from '../modules/config/kvstoremesh-options.js';
import type {
  ConnectOptions,
  DisconnectOptions,
  ExtractSecretOptions,
  ImportSecretsOptions,
  MeshStatusOptions,
} from '../modules/config/peering-options.js';
import type { TextSink } from '../common/text-sink.js';
import type { CliIo } from './cli-io.js';

/** What each command does once its options are read; resolves with the exit code, throws StartError for what its operator can mend. */
export interface Apps {
  clustermesh(options: ClustermeshOptions, log: Log): Promise<number>;
  kvstoremesh(options: KvstoremeshOptions, log: Log): Promise<number>;
  etcdinit(options: EtcdInitOptions, log: Log): Promise<number>;
  certs(options: CertsOptions, log: Log): Promise<number>;
  /** Of both `clustermesh-dbg` and `kvstoremesh-dbg`. */
  troubleshoot(options: TroubleshootOptions, out: TextSink): Promise<number>;
  kvstoreMeshStatus(options: KvstoreMeshStatusOptions, out: TextSink): Promise<number>;
  adminStatus(options: AdminOptions, out: TextSink): Promise<number>;
  adminDiff(options: AdminDiffOptions, out: TextSink): Promise<number>;
  adminResync(options: AdminResyncOptions, out: TextSink): Promise<number>;
  adminEvents(options: AdminEventsOptions, out: TextSink): Promise<number>;
  connect(options: ConnectOptions, io: CliIo): Promise<number>;
  disconnect(options: DisconnectOptions, io: CliIo): Promise<number>;
  meshStatus(options: MeshStatusOptions, io: CliIo): Promise<number>;
  extractSecret(options: ExtractSecretOptions, io: CliIo): Promise<number>;
  importSecrets(options: ImportSecretsOptions, io: CliIo): Promise<number>;
}

/** Loaded, with all that they need, only when the options are right. */
export const lazyApps: Apps = {
  clustermesh: async (options, log) => {
    const { runClustermesh } = await import('../apps/clustermesh.app.js');
    return runClustermesh(options, log);
  },
  kvstoremesh: async (options, log) => {
    const { runKvstoremesh } = await import('../apps/kvstoremesh.app.js');
    return runKvstoremesh(options, log);
  },
  etcdinit: async (options, log) => {
    const { runEtcdInit } = await import('../apps/etcdinit.app.js');
    return runEtcdInit(options, log);
  },
  certs: async (options, log) => {
    const { runCerts } = await import('../apps/certs.app.js');
    return runCerts(options, log);
  },
  troubleshoot: async (options, out) => {
    const { runTroubleshoot } = await import('../apps/troubleshoot.app.js');
    return runTroubleshoot(options, out);
  },
  kvstoreMeshStatus: async (options, out) => {
    const { runKvstoreMeshStatus } = await import('../apps/kvstoremesh-status.app.js');
    return runKvstoreMeshStatus(options, out);
  },
  adminStatus: async (options, out) => {
    const { runAdminStatus } = await import('../apps/admin.app.js');
    return runAdminStatus(options, out);
  },
  adminDiff: async (options, out) => {
    const { runAdminDiff } = await import('../apps/admin.app.js');
    return runAdminDiff(options, out);
  },
  adminResync: async (options, out) => {
    const { runAdminResync } = await import('../apps/admin.app.js');
    return runAdminResync(options, out);
  },
  adminEvents: async (options, out) => {
    const { runAdminEvents } = await import('../apps/admin.app.js');
    return runAdminEvents(options, out);
  },
  connect: async (options, io) => {
    const { runConnect } = await import('../apps/peering.app.js');
    return runConnect(options, io);
  },
  disconnect: async (options, io) => {
    const { runDisconnect } = await import('../apps/peering.app.js');
    return runDisconnect(options, io);
  },
  meshStatus: async (options, io) => {
    const { runMeshStatus } = await import('../apps/peering.app.js');
    return runMeshStatus(options, io);
  },
  extractSecret: async (options, io) => {
    const { runExtractSecret } = await import('../apps/peering.app.js');
    return runExtractSecret(options, io);
  },
  importSecrets: async (options, io) => {
    const { runImportSecrets } = await import('../apps/peering.app.js');
    return runImportSecrets(options, io);
  },
};
