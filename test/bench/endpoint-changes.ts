import { objectPath } from '../support/kube-client.js';
import type { BenchLab } from './bench-lab.js';
import { RawPuts } from './raw-puts.js';

export interface EndpointChanges {
  /** Gives the endpoint of that number another identity; resolves when the change is accepted. */
  change(index: number, identity: number): Promise<void>;
  close(): void;
}

/** As Cilium's agents do it: a request to the API server, which costs it two to five ms of a core. */
export function throughApi({ kube, generator }: BenchLab): EndpointChanges {
  return {
    change: async (index, identity) => {
      const path = objectPath(generator.endpoint(index));
      const body = { status: { identity: { id: identity } } };
      const { status } = await kube.request('PATCH', path, body, 'application/merge-patch+json');
      if (status !== 200) throw new Error(`PATCH ${path}: ${status}`);
    },
    close: () => undefined,
  };
}

/**
 * Straight into the etcd behind the API server, as another of its replicas would: it notices the change by its watch and
 * serves it to its clients as any other. So that the load leaves some of two cores to what is measured.
 */
export async function throughEtcd({ kubeEtcd, generator }: BenchLab): Promise<EndpointChanges> {
  const puts = new RawPuts(kubeEtcd.endpoint);
  const prefix = '/registry/cilium.io/ciliumendpoints/';
  const stored = new Map<string, readonly [before: string, after: string]>();
  for (const [key, value] of await kubeEtcd.client().list(prefix))
    stored.set(key, aroundIdentity(key, value));
  return {
    change: (index, identity) => {
      const { namespace, name } = generator.endpoint(index).metadata;
      const key = `${prefix}${namespace}/${name}`;
      const [before, after] = stored.get(key)!;
      return puts.put(key, before + identity + after);
    },
    close: () => puts.close(),
  };
}

/**
 * The stored object around the number of its identity, so that it is not parsed for each change. Without `managedFields`, which
 * nobody here reads: the API server decodes and encodes every byte of it for each event.
 */
function aroundIdentity(key: string, value: string): readonly [before: string, after: string] {
  const object = JSON.parse(value) as { metadata: { managedFields?: unknown } };
  delete object.metadata.managedFields;
  const text = JSON.stringify(object);
  const [, before, after] = /^(.*"identity":\{"id":)\d+(,.*)$/s.exec(text) ?? [];
  if (before === undefined || after === undefined) throw new Error(`${key}: no identity in ${text}`);
  return [before, after];
}
