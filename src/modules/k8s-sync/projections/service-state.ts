import { mapText } from '../../../common/go-json.js';
import { canonicalBackendAddress } from '../../../common/ip.js';
import { wrapUint } from '../../../common/wrap-int.js';

/** A set of named ports: `{"http":{"Protocol":"TCP","Port":80}}`. Shared by all who have the same. */
export interface SlimPorts {
  readonly text: string;
  /** Name → `{"Protocol":…,"Port":…}`, for unions. */
  readonly byName: ReadonlyMap<string, string>;
}

export interface SlimBackend {
  /** Canonical. */
  readonly address: string;
  /** '' = none. */
  readonly hostname: string;
  readonly ports: SlimPorts;
}

/** What is kept of an EndpointSlice or Endpoints object. */
export interface SlimBackends {
  /** `namespace/name` of the service that it belongs to. */
  readonly serviceKey: string;
  /** Of the object itself; sources are joined in the order of their names. */
  readonly name: string;
  /** Each address once. */
  readonly backends: readonly SlimBackend[];
  /** Some of the addresses that are no IP, for the complaint. */
  readonly rejected: readonly string[];
}

/** What is kept of a Service that qualifies: its own part of the value, as text. */
export interface SlimService {
  readonly namespace: string;
  readonly name: string;
  /** `{"10.96.0.1":{"https":{…}}}` */
  readonly frontends: string;
  /** `"labels":…,"selector":…,"includeExternal":…,"shared":…` */
  readonly rest: string;
  readonly shared: boolean;
}

/** Gives the object for these ports that the service's other sources use already, so that equal ports are kept once. */
export type SharePorts = (serviceKey: string, ports: SlimPorts) => SlimPorts;

export function portText(protocol: string, port: unknown): string {
  return `{"Protocol":"${protocol}","Port":${wrapUint(port, 16)}}`;
}

export function slimPorts(byName: ReadonlyMap<string, string>): SlimPorts {
  return { text: mapText(byName), byName };
}

/** The union; where both have a port of one name, that of `over` is taken. */
export function unitePorts(base: SlimPorts, over: SlimPorts): SlimPorts {
  if (base.text === over.text) return over;
  return slimPorts(new Map([...base.byName, ...over.byName]));
}

const maxRejected = 10;

/** Collects backends by address. */
export class BackendList {
  readonly byAddress = new Map<string, SlimBackend>();
  readonly rejected: string[] = [];

  /** The canonical form of an address; undefined when it is none, which is remembered. */
  canonical(address: unknown): string | undefined {
    const canonical = typeof address === 'string' ? canonicalBackendAddress(address) : undefined;
    if (canonical === undefined && this.rejected.length < maxRejected) this.rejected.push(String(address));
    return canonical;
  }

  slim(serviceKey: string, name: string): SlimBackends {
    return { serviceKey, name, backends: [...this.byAddress.values()], rejected: this.rejected };
  }
}

function sameBackend(a: SlimBackend, b: SlimBackend | undefined): boolean {
  return b?.address === a.address && b.hostname === a.hostname && b.ports.text === a.ports.text;
}

/** Whether replacing one by the other changes nothing that is exported or complained of. */
export function sameBackends(a: SlimBackends, b: SlimBackends): boolean {
  return (
    a.serviceKey === b.serviceKey &&
    a.backends.length === b.backends.length &&
    a.rejected.join() === b.rejected.join() &&
    a.backends.every((backend, i) => sameBackend(backend, b.backends[i]))
  );
}

export function sameService(a: SlimService, b: SlimService): boolean {
  return a.frontends === b.frontends && a.rest === b.rest;
}
