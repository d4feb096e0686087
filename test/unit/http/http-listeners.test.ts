import { connect, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import request from 'supertest';
import { type LogFields, silentLog } from '../../../src/common/log.js';
import { StartError } from '../../../src/common/start-error.js';
import { HttpListeners } from '../../../src/modules/http/http-listeners.service.js';
import { listenerTable } from '../../../src/modules/http/listener-table.js';
import { type HttpLab, httpLab } from '../../support/http-lab.js';

describe(HttpListeners, () => {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });
  const start = async (...args: Parameters<typeof httpLab>): Promise<HttpLab> => {
    const lab = await httpLab(...args);
    closing.push(() => lab.app.close());
    return lab;
  };
  const occupied = async (host?: string): Promise<number> => {
    const server: Server = createServer();
    await new Promise<void>((resolve) => server.listen({ port: 0, ...(host ? { host } : {}) }, resolve));
    closing.push(() => new Promise((resolve) => server.close(resolve)));
    const address = server.address();
    return typeof address === 'object' && address ? address.port : 0;
  };

  it('says as the original that the health port is taken', async () => {
    const lab = await start({ listen: { healthPort: await occupied() } });

    const error: unknown = await lab.listeners.open('health').catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(StartError);
    expect(error).toMatchObject({
      message: 'Unable to start health API',
      prefixed: false,
      exitCode: 1,
      cause: { code: 'EADDRINUSE' },
    });
  });

  it('says as the original that the metrics address is taken', async () => {
    const lab = await start({ listen: { prometheusServeAddr: `127.0.0.1:${await occupied('127.0.0.1')}` } });
    await expect(lab.listeners.open('metrics')).rejects.toMatchObject({
      message: 'Unable to start metrics server',
      prefixed: false,
    });
  });

  it('opens what it is told, when it is told, once', async () => {
    const lab = await start();
    await lab.listeners.open('admin');
    const port = lab.listeners.address('admin')?.port;

    expect(lab.listeners.address('health')).toBeUndefined();
    await request(lab.url('admin')).get('/status').expect(200);
    await lab.listeners.open('admin', 'health', 'metrics');

    expect(lab.listeners.address('admin')?.port).toBe(port);
    await request(lab.url('health')).get('/livez').expect(200);
    await request(lab.url('metrics')).get('/metrics').expect(200);
  });

  it('listens on all interfaces for health, on IPv6 when told so', async () => {
    const lab = await start({ listen: { prometheusServeAddr: '[::1]:0' } });
    await lab.listeners.open('health', 'metrics');

    expect(lab.listeners.address('health')?.address).toBe('::');
    expect(lab.listeners.address('metrics')?.address).toBe('::1');
  });

  it('leaves out what is switched off, and says so of the metrics', async () => {
    const lines: [string, LogFields?][] = [];
    const log: typeof silentLog = {
      ...silentLog,
      info: (...line: [string, LogFields?]) => void lines.push(line),
      child: (): typeof silentLog => log,
    };
    const lab = await start({ listen: { prometheusServeAddr: '', adminServeAddr: '' }, log });
    await lab.listeners.open('health', 'metrics', 'admin');

    expect(lab.listeners.address('metrics')).toBeUndefined();
    expect(lab.listeners.address('admin')).toBeUndefined();
    expect(lines.map(([message]) => message)).toEqual([
      'Started health API',
      'Prometheus metrics are disabled',
    ]);
  });

  it('ends with the app, connections that are kept alive included', async () => {
    const lab = await httpLab();
    await lab.listeners.open('health');
    const url = lab.url('health');
    await fetch(`${url}/livez`).then((answer) => answer.text());

    await lab.app.close();

    await expect(fetch(`${url}/livez`)).rejects.toThrow('fetch failed');
  });

  it('ends with the app while a request is half sent', async () => {
    const lab = await httpLab();
    await lab.listeners.open('health');
    const socket = connect(lab.listeners.address('health')?.port ?? 0, '127.0.0.1');
    const closed = new Promise<void>((resolve) => {
      socket.on('error', () => resolve());
      socket.on('close', () => resolve());
    });
    await new Promise<void>((resolve) => socket.write('GET /livez HTTP/1.1\r\n', () => resolve()));
    await fetch(`${lab.url('health')}/livez`).then((answer) => answer.text());

    await lab.app.close();
    await closed;

    expect(lab.listeners.address('health')).toBeUndefined();
  });

  it.each(['0.0.0.0:9895', ':9895', '10.0.0.1:9895', 'nonsense'])(
    'refuses %s as admin address',
    (adminServeAddr) => {
      expect(() => listenerTable({ healthPort: 9880, prometheusServeAddr: '', adminServeAddr })).toThrow(
        StartError,
      );
    },
  );

  it('sends nothing of the framework', async () => {
    const lab = await start();
    await lab.listeners.open('admin');
    const { headers } = await request(lab.url('admin')).get('/status');

    expect(headers['x-powered-by']).toBeUndefined();
    expect(headers['etag']).toBeUndefined();
    expect(headers['x-content-type-options']).toBe('nosniff');
  });
});
