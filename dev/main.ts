// The development API server by itself, fed from a folder of manifests:
//     node dist/dev/main.js [--manifests DIRECTORY] [--port PORT] [--git-version v1.31.0] [--kubeconfig FILE]
import { parseArgs } from 'node:util';
import { DevApiServer } from './api-server/dev-api-server.js';
import { ManifestFolder } from './manifest-folder.js';

const { values } = parseArgs({
  options: {
    manifests: { type: 'string', default: 'dev/manifests' },
    port: { type: 'string', default: '8001' },
    'git-version': { type: 'string', default: 'v1.31.0' },
    kubeconfig: { type: 'string' },
  },
});

const server = new DevApiServer({ gitVersion: values['git-version'] });
const { url } = await server.listen(Number(values.port));
const folder = new ManifestFolder({
  directory: values.manifests,
  server,
  onError: (message) => {
    console.error(message);
  },
});
await folder.start();
if (values.kubeconfig !== undefined) await server.writeKubeconfig(values.kubeconfig);
console.log(`API server on ${url}, fed from ${values.manifests}`);

const stop = (): void => {
  void folder.stop().then(() => server.close());
};
process.once('SIGINT', stop);
process.once('SIGTERM', stop);
