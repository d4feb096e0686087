import type { KubeObject } from '../../kubernetes/kube-api.js';
import { parseEndpointSlice } from './endpoint-slice.js';
import { parseEndpoints } from './endpoints.js';
import type { ClusterContext, Complaint, ProjectedEntries } from './projection.js';
import { noComplaints, nothingWanted } from './projection.js';
import type { SlimBackends, SlimPorts, SlimService } from './service-state.js';
import { sameBackends, sameService } from './service-state.js';
import { parseService, projectService } from './service.js';

export interface ServiceJoinOptions {
  readonly ctx: ClusterContext;
  /** `--enable-external-workloads`: all services, not only the shared ones. */
  readonly exportAll: boolean;
}

const noSources: ReadonlyMap<string, SlimBackends> = new Map();

/**
 * Services and their EndpointSlices (or Endpoints), joined. Events only mark services; project() says what a service wants now.
 *
 * A service that qualifies is exported from its first slice on, and stays so, with no backends at last, until it no longer
 * qualifies: it is deleted, not shared, of another type, without a cluster IP. The value always follows from what the objects
 * say now, in whatever order they came (golden/README.md, difference 12).
 */
export class ServiceJoin {
  /** Only those that qualify. */
  private readonly services = new Map<string, SlimService>();
  /** Only those that belong to a service, known or not. */
  private readonly backends = new Map<string, SlimBackends>();
  private readonly byService = new Map<string, Map<string, SlimBackends>>();
  /** Services that have (had) a slice since they qualify. */
  private readonly exported = new Set<string>();
  private dirty = new Set<string>();

  constructor(private readonly options: ServiceJoinOptions) {}

  /** @param key `namespace/name` */
  serviceUpsert(key: string, object: KubeObject): void {
    const service = parseService(object);
    if (service === undefined || !(this.options.exportAll || service.shared)) {
      this.serviceDelete(key);
      return;
    }
    const known = this.services.get(key);
    if (known && sameService(known, service)) return;
    this.services.set(key, service);
    this.touch(key);
  }

  serviceDelete(key: string): void {
    if (!this.services.delete(key)) return;
    this.exported.delete(key);
    this.dirty.add(key);
  }

  /** The services that qualify: what there is to say about others would change nothing. */
  serviceKeys(): Iterable<string> {
    return this.services.keys();
  }

  /** @param key `namespace/name` of the slice or Endpoints object */
  backendsUpsert(key: string, object: KubeObject, kind: 'slice' | 'endpoints'): void {
    const parsed = (kind === 'slice' ? parseEndpointSlice : parseEndpoints)(object, this.sharePorts);
    const known = this.backends.get(key);
    if (known && parsed && sameBackends(known, parsed)) return;
    if (known && known.serviceKey !== parsed?.serviceKey) this.backendsDelete(key);
    if (parsed === undefined) return;
    this.backends.set(key, parsed);
    let siblings = this.byService.get(parsed.serviceKey);
    if (!siblings) this.byService.set(parsed.serviceKey, (siblings = new Map()));
    siblings.set(key, parsed);
    this.touch(parsed.serviceKey);
  }

  backendsDelete(key: string): void {
    const known = this.backends.get(key);
    if (!known) return;
    this.backends.delete(key);
    const siblings = this.byService.get(known.serviceKey);
    siblings?.delete(key);
    if (siblings?.size === 0) this.byService.delete(known.serviceKey);
    this.touch(known.serviceKey);
  }

  /** The slices that belong to a service. */
  backendsKeys(): Iterable<string> {
    return this.backends.keys();
  }

  /** Services to project again since the last call, each once however many events there were. */
  takeDirty(): Iterable<string> {
    const taken = this.dirty;
    if (taken.size > 0) this.dirty = new Set();
    return taken;
  }

  /** What the service wants now: one entry or none. */
  project(key: string): ProjectedEntries {
    const service = this.services.get(key);
    if (!service || !this.exported.has(key)) return nothingWanted;
    const sources = this.byService.get(key) ?? noSources;
    const entry = projectService(service, sources.values(), this.options.ctx);
    return { kind: 'entries', entries: [entry], complaints: complaintsOf(sources.values()) };
  }

  /** The service or its slices changed. Being exported starts here, not when somebody asks, so that it depends on events only. */
  private touch(key: string): void {
    if (!this.services.has(key)) return;
    if (this.byService.has(key)) this.exported.add(key);
    if (this.exported.has(key)) this.dirty.add(key);
  }

  private readonly sharePorts = (serviceKey: string, ports: SlimPorts): SlimPorts => {
    for (const { backends } of this.byService.get(serviceKey)?.values() ?? []) {
      const known = backends[0]?.ports;
      if (known?.text === ports.text) return known;
    }
    return ports;
  };
}

function complaintsOf(sources: Iterable<SlimBackends>): readonly Complaint[] {
  let complaints = noComplaints;
  for (const { name, rejected } of sources) {
    if (rejected.length === 0) continue;
    const fields = { source: name, addresses: rejected.join(' ') };
    complaints = [...complaints, { message: 'Skipping backend addresses that are no IP', fields }];
  }
  return complaints;
}
