import { beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/common/clock.js';
import { silentLog } from '../../../src/common/log.js';
import { ComplaintBook } from '../../../src/modules/k8s-sync/complaint-book.js';
import { ObjectPipeline } from '../../../src/modules/k8s-sync/object-pipeline.js';
import { projectEndpoint } from '../../../src/modules/k8s-sync/projections/endpoint.js';
import type { KubeObject } from '../../../src/modules/kubernetes/kube-api.js';
import { ReflectedObjects } from '../../../src/modules/kubernetes/reflected-objects.js';
import { DesiredState } from '../../../src/modules/mirror/desired-state.js';

function endpoint(name: string, ...addresses: string[]): KubeObject {
  const addressing = addresses.map((ipv4) => ({ ipv4 }));
  return { metadata: { namespace: 'shop', name }, status: { networking: { addressing } } } as KubeObject;
}

describe(ObjectPipeline.name, () => {
  let complaints: ComplaintBook;
  let sut: ObjectPipeline;
  let reflected: ReflectedObjects<KubeObject>;

  beforeEach(() => {
    const desired = new DesiredState([{ name: 'ip/v1', target: { prefix: 'cilium/state/ip/v1/default/' } }]);
    complaints = new ComplaintBook('ciliumendpoints', silentLog, () => undefined);
    sut = new ObjectPipeline({
      desired,
      scope: desired.scope('ip/v1'),
      project: projectEndpoint,
      complaints,
      clock: systemClock,
      onListed: () => undefined,
    });
    reflected = new ReflectedObjects(sut, silentLog, 'ciliumendpoints');
    const objects = [
      endpoint('good', '10.1.0.1'),
      endpoint('half', '10.1.0.2', 'nope'),
      endpoint('bad', 'no'),
    ];
    for (const object of objects) reflected.apply({ type: 'ADDED', object });
    reflected.apply({ type: 'ADDED', object: endpoint('idle') });
  });

  it('knows, each once, the objects that want a key or are complained of', () => {
    expect([...sut.keys()]).toEqual(['shop/good', 'shop/half', 'shop/bad']);
  });

  it('forgets the complaints about objects that a relist finds gone', () => {
    expect(complaints.size).toBe(2);
    reflected.replaced(new Set(['shop/good']));
    expect(complaints.size).toBe(0);
    expect([...sut.keys()]).toEqual(['shop/good']);
    expect(reflected.deletes).toBe(2);
  });
});
