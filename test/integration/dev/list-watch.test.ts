import { DevApiServer } from '../../../dev/api-server/dev-api-server.js';
import { KubeClient } from '../../support/kube-client.js';
import { listWatchSuite } from '../../support/list-watch-suite.js';

listWatchSuite('DevApiServer', async () => {
  const server = new DevApiServer();
  const { url } = await server.listen();
  const client = new KubeClient(url, undefined);
  return {
    client,
    target: { url },
    stop: () => {
      client.close();
      return server.close();
    },
  };
});
