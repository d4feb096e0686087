import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Express } from 'express';
import type { AddressInfo } from 'node:net';
import { type Log, LOG } from '../../common/log.js';
import { CLUSTERMESH_OPTIONS } from '../config/clustermesh-options.js';
import type { ListenerName, ListenerSpec } from './listener.js';
import { ListenerServer } from './listener-server.js';
import { listenerTable, type ListenOptions } from './listener-table.js';

/**
 * Opens the addresses of the program, all of them in front of the one Nest app. Nest itself listens on none: call app.init(),
 * never app.listen(). Opening is explicit because it is ordered: the original opens health and metrics only when Kubernetes has
 * answered (spec/operations.md §1.1), while /status is most wanted before that.
 */
@Injectable()
export class HttpListeners implements OnApplicationShutdown {
  private readonly servers = new Map<ListenerName, ListenerServer>();

  constructor(
    private readonly adapterHost: HttpAdapterHost,
    @Inject(CLUSTERMESH_OPTIONS) private readonly options: ListenOptions,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /**
   * Opens these listeners in this order, leaving out what the options switch off and what is open already.
   * Rejects with StartError when an address cannot be had. Only after app.init().
   */
  async open(...names: readonly ListenerName[]): Promise<void> {
    const table = listenerTable(this.options);
    for (const name of names) {
      const spec = table.find((listener) => listener.name === name);
      if (spec && !this.servers.has(name)) await this.start(spec);
      if (!spec && name === 'metrics') this.log.child('metrics').info('Prometheus metrics are disabled');
    }
  }

  /** Where a listener is bound; undefined while it is closed or when it is switched off. */
  address(name: ListenerName): AddressInfo | undefined {
    return this.servers.get(name)?.address;
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.servers.values()].map((server) => server.close()));
    this.servers.clear();
  }

  private async start(spec: ListenerSpec): Promise<void> {
    const app: Express = this.adapterHost.httpAdapter.getInstance();
    // Neither is said by the original, and an ETag costs a hash an answer.
    app.disable('x-powered-by');
    app.disable('etag');
    const server = new ListenerServer(spec, app);
    await server.open();
    this.servers.set(spec.name, server);
    const bound = server.address;
    const host = spec.host.includes(':') ? `[${spec.host}]` : spec.host;
    this.log.child(spec.subsys).info(spec.opened, { address: `${host}:${bound?.port ?? spec.port}` });
  }
}
