import { describe } from 'vitest';
import { goldenCases, requirement, type GoldenCase } from '../golden/golden-case.js';
import type { GoldenTarget } from '../golden/golden-lab.js';
import { proveNoneSkipped, replayGoldens } from '../golden/k8s-sync-runner.js';
import { startEtcd } from '../support/etcd.js';
import { startKubeApiserver, type KubeApiserverOptions } from '../support/kube-apiserver.js';

/** Starts an API server and an etcd for the program; `stop` ends both. */
function realParts(options: KubeApiserverOptions): {
  start: () => Promise<GoldenTarget>;
  stop: () => Promise<void>;
} {
  const stops: (() => Promise<void>)[] = [];
  return {
    start: async () => {
      const [kube, etcd] = await Promise.all([startKubeApiserver(options), startEtcd()]);
      stops.push(
        () => kube.stop(),
        () => etcd.stop(),
      );
      return {
        kube: kube.client,
        kubeconfig: kube.adminKubeconfigPath,
        etcdEndpoint: etcd.endpoint,
        sliceVersion: 'v1beta1',
        apiServerPort: kube.port,
      };
    },
    stop: async () => {
      await Promise.all(stops.map((stop) => stop()));
    },
  };
}

describe('golden cases on the real kube-apiserver', () => {
  const replayed = new Set<string>();
  const needing = (what: string): GoldenCase[] =>
    goldenCases.filter((golden) => requirement(golden) === what);

  replayGoldens({ title: 'single stack', cases: needing('none'), replayed, ...realParts({}) });
  const dualStack = { serviceRange: '10.96.0.0/16,fd00:10:96::/112' };
  replayGoldens({ title: 'dual stack', cases: needing('dual-stack'), replayed, ...realParts(dualStack) });

  // Kubernetes 1.20 serves no discovery.k8s.io/v1: the six v1slice-* cases run on the development API server.
  proveNoneSkipped(replayed, [...needing('none'), ...needing('dual-stack')], 114);
});
