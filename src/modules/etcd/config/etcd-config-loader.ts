import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Clock } from '../../../common/clock.js';
import type { Log } from '../../../common/log.js';
import { configOfAddress, EtcdConfigError, parseEtcdConfig, type EtcdConfig } from './etcd-config.js';

/** The configuration with the content of the files that it names. */
export interface EtcdSettings {
  readonly config: EtcdConfig;
  readonly ca?: Buffer;
  readonly clientCert?: { readonly cert: Buffer; readonly key: Buffer };
  /** SHA-256 over everything that was read: the same digest means the same settings. */
  readonly digest: string;
}

/** A file that is not there (yet): worth waiting for, as a volume may still be mounted. */
export class MissingFileError extends Error {
  constructor(readonly path: string) {
    super(`${path}: no such file`);
    this.name = 'MissingFileError';
  }
}

export type ReadFile = (path: string) => Promise<Buffer>;

/** Where the settings come from; `configPath` wins over `address`. */
export interface SettingsSource {
  readonly configPath?: string;
  readonly address?: string;
}

/**
 * Reads everything once. Paths are resolved anew each time, so a Secret volume's swap of `..data` is seen.
 * @throws MissingFileError when the configuration or a file that it names is absent, EtcdConfigError for anything else.
 */
export async function readSettings(
  { configPath, address }: SettingsSource,
  read: ReadFile = readFile,
): Promise<EtcdSettings> {
  if (configPath === undefined) {
    return { config: configOfAddress(address ?? ''), digest: digest([Buffer.from(address ?? '')]) };
  }
  const text = await readOne(configPath, read);
  const config = parseEtcdConfig(text.toString('utf8'), configPath);
  const { ca, clientCert } = await readCertificates(config, read);
  return {
    config,
    ...(ca ? { ca } : {}),
    ...(clientCert ? { clientCert } : {}),
    digest: digest([text, ca, clientCert?.cert, clientCert?.key]),
  };
}

/** The content of the files that the configuration names. @throws as readSettings. */
export async function readCertificates(
  { caFile, clientCert }: EtcdConfig,
  read: ReadFile = readFile,
): Promise<{ ca: Buffer | undefined; clientCert: EtcdSettings['clientCert'] }> {
  return {
    ca: caFile === undefined ? undefined : await readOne(caFile, read),
    clientCert: clientCert && {
      cert: await readOne(clientCert.certFile, read),
      key: await readOne(clientCert.keyFile, read),
    },
  };
}

async function readOne(path: string, read: ReadFile): Promise<Buffer> {
  try {
    return await read(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new MissingFileError(path);
    throw new EtcdConfigError(`${path}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function digest(parts: readonly (Buffer | undefined)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    hash.update(`${part?.length ?? -1}:`);
    if (part) hash.update(part);
  }
  return hash.digest('hex');
}

const retryMs = 5000;

export interface LoaderOptions {
  readonly source: SettingsSource;
  readonly clock: Clock;
  readonly log: Log;
  readonly read?: ReadFile;
}

/** The settings from disk, now or as soon as every file is there. */
export class EtcdConfigLoader {
  constructor(private readonly options: LoaderOptions) {}

  /** @throws as readSettings. */
  read(): Promise<EtcdSettings> {
    return readSettings(this.options.source, this.options.read);
  }

  /**
   * Waits for missing files, looking every 5 s; `onMissing` hears of each look. Resolves undefined on abort.
   * @throws EtcdConfigError for what waiting does not cure.
   */
  async wait(signal: AbortSignal, onMissing: (error: Error) => void): Promise<EtcdSettings | undefined> {
    const { clock, log } = this.options;
    while (!signal.aborted) {
      try {
        return await this.read();
      } catch (error) {
        if (!(error instanceof MissingFileError)) throw error;
        onMissing(error);
        log.info('Waiting for all etcd configuration files to be available', { file: error.path });
        await clock.sleep(retryMs, signal);
      }
    }
    return undefined;
  }
}
