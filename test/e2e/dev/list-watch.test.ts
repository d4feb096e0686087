import { readFile } from 'node:fs/promises';
import { KubeApiserver, startKubeApiserver } from '../../support/kube-apiserver.js';
import { listWatchSuite } from '../../support/list-watch-suite.js';

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: { readonly 'certificate-authority-data': string } }[];
}

listWatchSuite('real kube-apiserver', async () => {
  const server = await startKubeApiserver();
  const { clusters } = JSON.parse(await readFile(server.adminKubeconfigPath, 'utf8')) as Kubeconfig;
  const ca = Buffer.from(clusters[0]!.cluster['certificate-authority-data'], 'base64').toString('utf8');
  return {
    client: server.client,
    target: { url: server.url, token: KubeApiserver.tokens.admin, ca },
    stop: () => server.stop(),
  };
});
