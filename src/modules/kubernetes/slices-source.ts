import type { Log } from '../../common/log.js';
import { StartError } from '../../common/start-error.js';
import { type KubeApi, KubeError } from './kube-api.js';
import { resourcePath, resources } from './resources.js';
import { isAtLeast, type ServerVersion } from './server-version.js';

/** Where the backends of services are read. */
export type SlicesSource = 'discovery.k8s.io/v1' | 'discovery.k8s.io/v1beta1' | 'v1/endpoints';

export interface SlicesQuestion {
  readonly api: Pick<KubeApi, 'request'>;
  readonly version: ServerVersion;
  /** --enable-k8s-endpoint-slice. */
  readonly wanted: boolean;
  /** --enable-k8s-api-discovery: the API server's own list decides, not its version. */
  readonly discovery: boolean;
  readonly log: Log;
  readonly signal: AbortSignal;
}

interface Served {
  readonly v1: boolean;
  readonly v1beta1: boolean;
}

const using: Readonly<Record<SlicesSource, string>> = {
  'discovery.k8s.io/v1': 'Using discoveryv1.EndpointSlice',
  'discovery.k8s.io/v1beta1': 'Using discoveryv1beta1.EndpointSlice',
  'v1/endpoints': 'Using v1.Endpoints',
};

/** @throws StartError when the API server cannot say (spec/k8s-sync.md §4). */
export async function chooseSlicesSource(question: SlicesQuestion): Promise<SlicesSource> {
  const { v1, v1beta1 } = await servedSlices(question);
  const slices = v1 ? 'discovery.k8s.io/v1' : v1beta1 ? 'discovery.k8s.io/v1beta1' : 'v1/endpoints';
  const source = question.wanted ? slices : 'v1/endpoints';
  question.log.info(using[source]);
  return source;
}

async function servedSlices(question: SlicesQuestion): Promise<Served> {
  const discovered = question.discovery ? await discover(question) : undefined;
  return discovered ?? probe(question);
}

/** undefined: the API server does not tell. */
async function discover(question: SlicesQuestion): Promise<Served | undefined> {
  try {
    const [v1, v1beta1] = await Promise.all([serves(question, 'v1'), serves(question, 'v1beta1')]);
    return { v1, v1beta1 };
  } catch (error) {
    if (!(error instanceof KubeError) || question.signal.aborted) throw error;
    question.log.warn('Unable to discover API groups and resources', { error });
    return undefined;
  }
}

async function serves({ api, signal }: SlicesQuestion, version: string): Promise<boolean> {
  interface ResourceList {
    readonly resources?: readonly { readonly kind?: string }[];
  }
  try {
    const list = await api.request<ResourceList>('GET', `/apis/discovery.k8s.io/${version}`, { signal });
    return (list.resources ?? []).some(({ kind }) => kind === 'EndpointSlice');
  } catch (error) {
    if (error instanceof KubeError && error.status === 404) return false;
    throw error;
  }
}

async function probe({ api, version, log, signal }: SlicesQuestion): Promise<Served> {
  if (isAtLeast(version, 1, 21)) return { v1: true, v1beta1: true };
  const path = resourcePath(resources.endpointslicesV1beta1, { namespace: 'default', name: 'kubernetes' });
  try {
    await api.request('GET', path, { signal });
    return { v1: false, v1beta1: true };
  } catch (error) {
    if (!(error instanceof KubeError) || signal.aborted) throw error;
    if (error.status !== 404) {
      throw new StartError(`unable to validate EndpointSlices support: ${error.message}`, { cause: error });
    }
    // The line misleads from 1.17 on, where slices are used nevertheless; so does the original's.
    log.info('Unable to retrieve EndpointSlices for default/kubernetes. Disabling EndpointSlices', { error });
    return { v1: false, v1beta1: isAtLeast(version, 1, 17) };
  }
}
