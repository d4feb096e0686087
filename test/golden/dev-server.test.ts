import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from 'vitest';
import { DevApiServer } from '../../dev/api-server/dev-api-server.js';
import { startEtcd } from '../support/etcd.js';
import { KubeClient } from '../support/kube-client.js';
import { goldenCases } from './golden-case.js';
import { proveNoneSkipped, replayGoldens } from './k8s-sync-runner.js';

describe('golden cases on the development API server', () => {
  const replayed = new Set<string>();
  const stops: (() => Promise<unknown>)[] = [];

  replayGoldens({
    title: 'discovery.k8s.io/v1',
    cases: goldenCases,
    replayed,
    start: async () => {
      const directory = await mkdtemp(join(tmpdir(), 'golden-'));
      const server = new DevApiServer();
      const etcd = await startEtcd();
      const { url, port } = await server.listen();
      const kubeconfig = join(directory, 'kubeconfig');
      await server.writeKubeconfig(kubeconfig);
      const kube = new KubeClient(url, undefined);
      stops.push(
        () => server.close(),
        () => etcd.stop(),
        () => rm(directory, { recursive: true, force: true }),
      );
      return { kube, kubeconfig, etcdEndpoint: etcd.endpoint, sliceVersion: 'v1', apiServerPort: port };
    },
    stop: async () => {
      await Promise.all(stops.map((stop) => stop()));
    },
  });

  proveNoneSkipped(replayed, goldenCases, 120);
});
