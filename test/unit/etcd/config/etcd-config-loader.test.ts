import { describe, expect, it } from 'vitest';
import {
  EtcdConfigLoader,
  MissingFileError,
  readSettings,
} from '../../../../src/modules/etcd/config/etcd-config-loader.js';
import { type LogLine, recordingLog } from '../../../support/recording-log.js';
import { ManualClock } from '../../common/manual-clock.js';

const path = '/etc/etcd.yaml';
const config = 'endpoints: [a:1]\ntrusted-ca-file: /ca\ncert-file: /c\nkey-file: /k\n';

function disk(files: Record<string, string | NodeJS.ErrnoException>) {
  return (name: string): Promise<Buffer> => {
    const file = files[name] ?? Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
    return typeof file === 'string' ? Promise.resolve(Buffer.from(file)) : Promise.reject(file);
  };
}

const complete = { [path]: config, '/ca': 'CA', '/c': 'CERT', '/k': 'KEY' };

describe(readSettings.name, () => {
  it('brings the files that the configuration names', async () => {
    expect(await readSettings({ configPath: path, address: 'ignored:1' }, disk(complete))).toMatchObject({
      config: { endpoints: ['a:1'] },
      ca: Buffer.from('CA'),
      clientCert: { cert: Buffer.from('CERT'), key: Buffer.from('KEY') },
    });
  });

  it('reads no file for an address', async () => {
    const settings = await readSettings({ address: 'http://a:1' }, disk({}));
    expect(settings.config.endpoints).toEqual(['http://a:1']);
  });

  it.each(Object.keys(complete))('tells that %s is missing', async (name) => {
    const rest = Object.fromEntries(Object.entries(complete).filter(([file]) => file !== name));
    await expect(readSettings({ configPath: path }, disk(rest))).rejects.toEqual(new MissingFileError(name));
  });

  it('takes any other failure for a mistake', async () => {
    const denied = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
    await expect(
      readSettings({ configPath: path }, disk({ ...complete, '/k': denied })),
    ).rejects.toMatchObject({
      name: 'EtcdConfigError',
      message: '/k: EACCES: permission denied',
    });
  });

  it('has a digest that changes with each file, and with nothing else', async () => {
    const digestOf = async (files: Record<string, string>): Promise<string> =>
      (await readSettings({ configPath: path }, disk(files))).digest;
    const digest = await digestOf(complete);
    expect(await digestOf({ ...complete, '/unrelated': 'x' })).toBe(digest);
    const others = await Promise.all(
      Object.entries(complete).map(([name, text]) => digestOf({ ...complete, [name]: `${text}\n` })),
    );
    expect(new Set([digest, ...others]).size).toBe(5);
    // Bytes that move from one file to the next are a change, too.
    expect(await digestOf({ ...complete, '/c': 'CERTK', '/k': 'EY' })).not.toBe(digest);
  });
});

describe(EtcdConfigLoader.name, () => {
  it('looks every five seconds until every file is there, and says so each time', async () => {
    const clock = new ManualClock();
    const lines: LogLine[] = [];
    const files: Record<string, string> = { [path]: config, '/ca': 'CA' };
    const loader = new EtcdConfigLoader({
      source: { configPath: path },
      clock,
      log: recordingLog(lines),
      read: (name) => disk(files)(name),
    });
    const missing: string[] = [];
    const waiting = loader.wait(new AbortController().signal, (error) => missing.push(error.message));
    await clock.advance(4999);
    expect(missing).toEqual(['/c: no such file']);
    files['/c'] = 'CERT';
    await clock.advance(1);
    files['/k'] = 'KEY';
    expect(missing).toEqual(['/c: no such file', '/k: no such file']);
    await clock.advance(5000);
    expect(await waiting).toMatchObject({ ca: Buffer.from('CA') });
    expect(lines.map((line) => line.message)).toEqual([
      'Waiting for all etcd configuration files to be available',
      'Waiting for all etcd configuration files to be available',
    ]);
  });

  it('stops waiting when told', async () => {
    const clock = new ManualClock();
    const abort = new AbortController();
    const loader = new EtcdConfigLoader({
      source: { configPath: path },
      clock,
      log: recordingLog([]),
      read: disk({}),
    });
    const waiting = loader.wait(abort.signal, () => undefined);
    await clock.advance(1);
    abort.abort();
    expect(await waiting).toBeUndefined();
  });
});
