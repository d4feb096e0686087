import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KubeConfigMissing, loadKubeCredentials } from '../../../src/modules/kubernetes/kube-credentials.js';

const pod = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };
const none = { enabled: true, kubeconfigPath: '', apiServer: '' };

describe(loadKubeCredentials, () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kube-credentials-'));
    await writeFile(join(directory, 'token'), 'secret\n');
    await writeFile(join(directory, 'ca.crt'), 'authority');
  });

  afterEach(() => rm(directory, { recursive: true }));

  const kubeconfig = async (user: unknown, cluster: Record<string, unknown> = {}): Promise<string> => {
    const path = join(directory, 'config');
    const config = {
      clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:6443/', ...cluster } }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    };
    await writeFile(path, JSON.stringify(config));
    return path;
  };

  for (const [name, settings, environment] of [
    ['without anything', none, {}],
    ['when Kubernetes is off', { ...none, enabled: false, kubeconfigPath: '/x' }, pod],
    ['with a host but no port', none, { KUBERNETES_SERVICE_HOST: '10.96.0.1' }],
  ] as const) {
    it(`refuses ${name}`, async () => {
      const error = await loadKubeCredentials(settings, environment).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(KubeConfigMissing);
      expect(error).toMatchObject({
        message: 'Kubernetes client not configured, cannot continue.',
        exitCode: 1,
      });
    });
  }

  it('takes the service account of a pod, and reads its token anew', async () => {
    const { server, identify } = await loadKubeCredentials(none, pod, directory);
    expect(server).toBe('https://10.96.0.1:443');
    expect(await identify()).toEqual({
      headers: { authorization: 'Bearer secret' },
      tls: { ca: Buffer.from('authority') },
    });
    await writeFile(join(directory, 'token'), 'rotated');
    expect((await identify()).headers).toEqual({ authorization: 'Bearer rotated' });
  });

  it('puts an IPv6 address in brackets', async () => {
    const { server } = await loadKubeCredentials(
      none,
      { ...pod, KUBERNETES_SERVICE_HOST: 'fd00::1' },
      directory,
    );
    expect(server).toBe('https://[fd00::1]:443');
  });

  it('says what a pod lacks when only the node name is set', async () => {
    await expect(loadKubeCredentials(none, { K8S_NODE_NAME: 'n' }, directory)).rejects.toThrow(
      'unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined',
    );
  });

  it('says that a service account cannot be read', async () => {
    await expect(loadKubeCredentials(none, pod, join(directory, 'gone'))).rejects.toMatchObject({
      exitCode: 1,
    });
  });

  it('takes --k8s-api-server: plain http without credentials, https with those of the pod', async () => {
    const plain = await loadKubeCredentials({ ...none, apiServer: 'localhost:8080/' }, {});
    expect(plain.server).toBe('http://localhost:8080');
    expect(await plain.identify()).toEqual({ headers: {}, tls: {} });

    const secure = await loadKubeCredentials({ ...none, apiServer: 'https://10.0.0.1:6443' }, {}, directory);
    expect(secure.server).toBe('https://10.0.0.1:6443');
    expect((await secure.identify()).headers).toEqual({ authorization: 'Bearer secret' });
  });

  describe('with a kubeconfig', () => {
    it('prefers it', async () => {
      const kubeconfigPath = await kubeconfig({ token: 't' });
      const { server, identify } = await loadKubeCredentials(
        { ...none, kubeconfigPath, apiServer: 'x:1' },
        pod,
      );
      expect(server).toBe('https://127.0.0.1:6443');
      expect(await identify()).toEqual({ headers: { authorization: 'Bearer t' }, tls: {} });
    });

    it('takes certificates, relative to the file, and the TLS settings', async () => {
      await writeFile(join(directory, 'key'), 'private');
      const data = Buffer.from('public').toString('base64');
      const kubeconfigPath = await kubeconfig(
        { 'client-certificate-data': data, 'client-key': 'key' },
        { 'certificate-authority': 'ca.crt', 'tls-server-name': 'api', 'insecure-skip-tls-verify': true },
      );
      const { identify } = await loadKubeCredentials({ ...none, kubeconfigPath }, {});
      expect((await identify()).tls).toEqual({
        ca: Buffer.from('authority'),
        cert: Buffer.from('public'),
        key: Buffer.from('private'),
        servername: 'api',
        rejectUnauthorized: false,
      });
    });

    it('takes token files, passwords and exec plugins', async () => {
      const headersFor = async (user: unknown): Promise<unknown> => {
        const kubeconfigPath = await kubeconfig(user);
        return (await (await loadKubeCredentials({ ...none, kubeconfigPath }, {})).identify()).headers;
      };
      expect(await headersFor({ tokenFile: 'token' })).toEqual({ authorization: 'Bearer secret' });
      expect(await headersFor({ username: 'a', password: 'b' })).toEqual({ authorization: 'Basic YTpi' });
      const credential = {
        apiVersion: 'client.authentication.k8s.io/v1',
        kind: 'ExecCredential',
        status: { token: 'x' },
      };
      const exec = { apiVersion: credential.apiVersion, command: 'echo', args: [JSON.stringify(credential)] };
      expect(await headersFor({ exec })).toEqual({ authorization: 'Bearer x' });
    });

    it('takes one for plain http, and one without a user', async () => {
      const kubeconfigPath = await kubeconfig(null, { server: 'http://127.0.0.1:8080' });
      const { server, identify } = await loadKubeCredentials({ ...none, kubeconfigPath }, {});
      expect(server).toBe('http://127.0.0.1:8080');
      expect(await identify()).toEqual({ headers: {}, tls: { rejectUnauthorized: false } });
    });

    for (const [name, text] of [
      ['missing', undefined],
      ['no YAML', 'a: [\n'],
      ['empty', ''],
      ['without a context', '{"clusters":[]}'],
    ] as const) {
      it(`says in one line that the file is ${name}`, async () => {
        const kubeconfigPath = join(directory, 'bad');
        if (text !== undefined) await writeFile(kubeconfigPath, text);
        const error = await loadKubeCredentials({ ...none, kubeconfigPath }, {}).catch(
          (reason: unknown) => reason,
        );
        expect(error).toMatchObject({ name: 'StartError', exitCode: 1 });
        expect((error as Error).message).toMatch(
          new RegExp(`^unable to use the kubeconfig ${kubeconfigPath}: [^\n]+$`),
        );
      });
    }
  });
});
