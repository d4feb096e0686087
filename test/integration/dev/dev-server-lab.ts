import { afterEach } from 'vitest';
import { DevApiServer, type DevApiServerOptions } from '../../../dev/api-server/dev-api-server.js';
import { openWatch, type ProbeWatch } from '../../support/watch-probe.js';

export const nodes = '/apis/cilium.io/v2/ciliumnodes';

export function node(name: string, spec: unknown = {}) {
  return { apiVersion: 'cilium.io/v2', kind: 'CiliumNode', metadata: { name }, spec };
}

/** A server for each test, gone after it. */
export function devServerLab() {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  return {
    start: async (options: DevApiServerOptions = {}): Promise<{ server: DevApiServer; url: string }> => {
      const server = new DevApiServer(options);
      ends.push(() => server.close());
      return { server, url: (await server.listen()).url };
    },
    watch: async (url: string, path: string): Promise<ProbeWatch> => {
      const watch = await openWatch({ url }, path);
      ends.push(() => {
        watch.close();
      });
      return watch;
    },
  };
}
