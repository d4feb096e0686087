import { beforeEach, describe, expect, it } from 'vitest';
import { connectToServer, type KubernetesServer } from '../../../src/modules/kubernetes/connect.js';
import { KubeError } from '../../../src/modules/kubernetes/kube-api.js';
import { recordingLog } from '../../support/reflector-lab.js';
import { ManualClock } from '../common/manual-clock.js';
import { StubApi } from './stub-api.js';

const kubeSystem = '/api/v1/namespaces/kube-system';
const probe = '/apis/discovery.k8s.io/v1beta1/namespaces/default/endpointslices/kubernetes';
const refused = new KubeError('Get "x": connect ECONNREFUSED', 0, 'ECONNREFUSED');

describe(connectToServer, () => {
  let api: StubApi;
  let clock: ManualClock;
  let recorded: ReturnType<typeof recordingLog>;

  beforeEach(() => {
    api = new StubApi();
    api.answers.set(kubeSystem, {});
    clock = new ManualClock();
    recorded = recordingLog();
  });

  const connect = (
    version: string,
    settings = { apiDiscovery: false, endpointSlice: true },
  ): Promise<KubernetesServer> => {
    api.answers.set('/version', { gitVersion: version });
    const options = { api, settings, server: 'https://x:6443', clock, log: recorded.log };
    return connectToServer(options, new AbortController().signal);
  };
  const messages = (): string[] => recorded.lines.map(({ message }) => message);

  it('logs as the original does', async () => {
    expect(await connect('v1.30.2')).toEqual({
      version: '1.30.2',
      slicesSource: 'discovery.k8s.io/v1',
      watchList: false,
    });
    expect(messages()).toEqual([
      'Establishing connection to apiserver',
      'Connected to apiserver',
      'Using discoveryv1.EndpointSlice',
    ]);
    expect(recorded.lines[0]?.fields).toEqual({ host: 'https://x:6443' });
    expect(api.requests).toEqual([kubeSystem, '/version']);
  });

  it('tries every five seconds and gives up after sixty', async () => {
    api.answers.set(kubeSystem, refused);
    const failure = connect('v1.30.2').catch((error: unknown) => error);
    await clock.advance(59_999);
    expect(api.requests).toHaveLength(12);
    await clock.advance(1);
    expect(await failure).toMatchObject({ name: 'StartError', exitCode: 1, message: refused.message });
    expect(api.requests).toHaveLength(13);
    expect(recorded.lines.at(-1)).toEqual({
      level: 'error',
      message: 'Unable to contact k8s api-server',
      fields: { ipAddr: 'https://x:6443', error: refused },
    });
  });

  for (const status of [403, 404]) {
    it(`takes ${String(status)} for a failure, and connects when it is over`, async () => {
      api.answers.set(kubeSystem, new KubeError('no', status, ''));
      const connected = connect('v1.30.2');
      await clock.advance(7_000);
      api.answers.set(kubeSystem, {});
      await clock.advance(3_000);
      await expect(connected).resolves.toMatchObject({ version: '1.30.2' });
      expect(api.requests).toHaveLength(4);
    });
  }

  it('refuses an API server older than 1.16', async () => {
    await expect(connect('v1.15.12')).rejects.toMatchObject({
      exitCode: 1,
      message: 'k8s version (1.15.12) is not meeting the minimal requirement (1.16.0)',
    });
  });

  it('refuses a version that it cannot read', async () => {
    await expect(connect('')).rejects.toThrow('cannot parse k8s server version from {"gitVersion":""}');
  });

  it('knows which servers may serve watch lists', async () => {
    await expect(connect('v1.31.9')).resolves.toMatchObject({ watchList: false });
    await expect(connect('v1.32.0-gke.1')).resolves.toMatchObject({ watchList: true, version: '1.32.0' });
    await expect(connect('v2.0.0')).resolves.toMatchObject({ watchList: true });
  });

  const sources: [string, string, boolean, string][] = [
    ['v1.21.0', 'v1', true, 'Using discoveryv1.EndpointSlice'],
    ['v1.20.2', 'v1beta1', true, 'Using discoveryv1beta1.EndpointSlice'],
    ['v1.16.3', 'v1beta1', true, 'Using discoveryv1beta1.EndpointSlice'],
    ['v1.17.0', 'v1beta1', false, 'Using discoveryv1beta1.EndpointSlice'],
    ['v1.16.3', 'endpoints', false, 'Using v1.Endpoints'],
  ];
  for (const [version, source, probed, line] of sources) {
    it(`reads ${source} from ${version} when the probe ${probed ? 'finds' : 'misses'} the slice`, async () => {
      if (probed) api.answers.set(probe, {});
      expect((await connect(version)).slicesSource).toContain(source);
      expect(messages()).toContain(line);
      const missed = 'Unable to retrieve EndpointSlices for default/kubernetes. Disabling EndpointSlices';
      expect(messages().includes(missed)).toBe(!probed);
    });
  }

  it('fails when the probe is refused', async () => {
    api.answers.set(probe, new KubeError('no permission', 403, 'Forbidden'));
    await expect(connect('v1.20.2')).rejects.toMatchObject({
      exitCode: 1,
      message: 'unable to validate EndpointSlices support: no permission',
    });
  });

  it('reads endpoints when told to, on any server', async () => {
    const server = await connect('v1.30.0', { apiDiscovery: false, endpointSlice: false });
    expect(server.slicesSource).toBe('v1/endpoints');
    expect(messages()).toContain('Using v1.Endpoints');
  });

  describe('with --enable-k8s-api-discovery', () => {
    const settings = { apiDiscovery: true, endpointSlice: true };
    const list = { resources: [{ kind: 'EndpointSlice' }] };

    for (const [served, source] of [
      [['v1', 'v1beta1'], 'discovery.k8s.io/v1'],
      [['v1beta1'], 'discovery.k8s.io/v1beta1'],
      [[], 'v1/endpoints'],
    ] as const) {
      it(`reads ${source} when the server lists ${served.join(' and ') || 'neither'}`, async () => {
        for (const version of served) api.answers.set(`/apis/discovery.k8s.io/${version}`, list);
        expect((await connect('v1.20.2', settings)).slicesSource).toBe(source);
      });
    }

    it('probes when the server does not tell', async () => {
      api.answers.set('/apis/discovery.k8s.io/v1', new KubeError('broken', 503, ''));
      api.answers.set(probe, {});
      expect((await connect('v1.20.2', settings)).slicesSource).toBe('discovery.k8s.io/v1beta1');
      expect(messages()).toContain('Unable to discover API groups and resources');
    });
  });
});
