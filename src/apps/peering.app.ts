import { open, readFile } from 'node:fs/promises';
import { systemClock } from '../common/clock.js';
import { StartError } from '../common/start-error.js';
import type { TextSink } from '../common/text-sink.js';
import type {
  ConnectOptions,
  DisconnectOptions,
  ExtractSecretOptions,
  ImportSecretsOptions,
  KubeAccessOptions,
  MeshStatusOptions,
} from '../modules/config/peering-options.js';
import type { ClusterHandle } from '../modules/peering/access-information.js';
import { connectClusters } from '../modules/peering/connect.js';
import { disconnectClusters } from '../modules/peering/disconnect.js';
import { extractSecret } from '../modules/peering/extract-secret.js';
import { importSecrets } from '../modules/peering/import-secrets.js';
import { openCluster } from '../modules/peering/open-cluster.js';
import { showStatus } from '../modules/peering/status.js';
import { reachesByTcp } from '../modules/peering/tcp-check.js';
import { buildInfo } from '../version.js';

/** Where the commands for people write; stdout may be a terminal, on which no key is shown unasked. */
export interface PeeringIo {
  readonly stdout: TextSink & { readonly isTTY?: boolean };
  readonly stderr: TextSink;
}

export async function runConnect(options: ConnectOptions, { stdout }: PeeringIo): Promise<number> {
  const local = await handleOf(options, options.context);
  const remotes = await handlesOf(options, options.destinationContexts);
  const { mode, sourceEndpoints: localAddresses, destinationEndpoints: remoteAddresses } = options;
  await connectClusters({ local, remotes, mode, localAddresses, remoteAddresses }, stdout, systemClock.now());
  return 0;
}

export async function runDisconnect(options: DisconnectOptions, { stdout }: PeeringIo): Promise<number> {
  const local = await handleOf(options, options.context);
  const remotes = await handlesOf(options, options.destinationContexts);
  await disconnectClusters({ local, remotes, gone: options.destinationNames, mode: options.mode }, stdout);
  return 0;
}

export async function runMeshStatus(options: MeshStatusOptions, io: PeeringIo): Promise<number> {
  const { contexts, output, wait } = options;
  const clusters = await handlesOf(options, contexts.length > 0 ? contexts : ['']);
  const request = { clusters, output, waitMs: wait ? options.waitDurationMs : 0 };
  return showStatus(request, { out: io.stdout, err: io.stderr }, systemClock, reachesByTcp);
}

export async function runExtractSecret(
  options: ExtractSecretOptions,
  { stdout, stderr }: PeeringIo,
): Promise<number> {
  const { context, addresses, output } = options;
  if (output === '' && stdout.isTTY)
    throw new StartError(
      'the secret holds a private key, and stdout is a terminal: give --output FILE, or --output - to show it all the same',
    );
  const { text, name, warnings } = await extractSecret(await handleOf(options, context), addresses);
  for (const warning of warnings) stderr.write(`⚠️ ${warning}\n`);
  if (output === '' || output === '-') stdout.write(text);
  else {
    await writePrivate(output, text);
    stderr.write(`✅ Wrote the secret of cluster ${name} to ${output}; it holds a private key\n`);
  }
  return 0;
}

export async function runImportSecrets(
  options: ImportSecretsOptions,
  { stdout }: PeeringIo,
): Promise<number> {
  const files = await Promise.all(
    options.files.map(async (path) => ({ path, text: await readFile(path, 'utf8') })),
  );
  await importSecrets(await handleOf(options, options.context), files, stdout);
  return 0;
}

/** Readable by its owner alone, also where there was a file before that everybody could read. */
async function writePrivate(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    if ((await file.stat()).isFile()) await file.chmod(0o600);
    await file.writeFile(text);
  } finally {
    await file.close();
  }
}

function handleOf(access: KubeAccessOptions, context: string): Promise<ClusterHandle> {
  return openCluster(access, context, buildInfo().version);
}

function handlesOf(access: KubeAccessOptions, contexts: readonly string[]): Promise<ClusterHandle[]> {
  return Promise.all(contexts.map((context) => handleOf(access, context)));
}
