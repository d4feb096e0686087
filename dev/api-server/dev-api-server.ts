import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ciliumDefinitions, serveCustomResources } from './custom-resources.js';
import { Faults, type RequestRecord } from './faults.js';
import { RequestHandler } from './http/request-handler.js';
import type { Watch } from './http/watch.js';
import { presetKubernetesService, presetNamespaces } from './presets.js';
import { ServerVersion } from './server-version.js';
import { objectKey, type KubeDocument, type ObjectRef } from './store/kube-document.js';
import { ObjectStore } from './store/object-store.js';
import type { Resource } from './store/resource-table.js';
import { decodeObject } from './store/stored-object.js';

export interface DevApiServerOptions {
  /** What `GET /version` says, and what decides the served versions of slices; default `v1.31.0`. */
  readonly gitVersion?: string;
  /** Cilium's four CustomResourceDefinitions are there from the start; default true. */
  readonly ciliumCrds?: boolean;
  /** Service, Endpoints and EndpointSlice default/kubernetes are there; default true. */
  readonly kubernetesService?: boolean;
  /** How many changes of each resource are remembered, at least; default 10,000. */
  readonly historyLimit?: number;
  /** ms between two bookmarks of a watch; default 60,000. */
  readonly bookmarkIntervalMs?: number;
}

/**
 * A small Kubernetes API server in memory, plain HTTP on 127.0.0.1: single objects, lists with pages, watches with bookmarks
 * and Expired, patches, status subresources, faults on demand. No authentication, no admission, no controllers: objects are
 * exactly those that somebody wrote, and namespaces need not exist. Two versions of a kind differ only in apiVersion.
 */
export class DevApiServer {
  readonly store: ObjectStore;
  readonly faults = new Faults();
  /** The last 10,000 requests at least, oldest first. */
  readonly requestLog: RequestRecord[] = [];
  private readonly version: ServerVersion;
  private readonly server: Server;
  private readonly watches = new Set<Watch>();
  private bookmarkTimer: NodeJS.Timeout | undefined;
  private address = '';

  constructor(private readonly options: DevApiServerOptions = {}) {
    this.version = new ServerVersion(options.gitVersion ?? 'v1.31.0');
    this.store = new ObjectStore(this.version, options.historyLimit ?? 10_000);
    serveCustomResources(this.store, (resource) => {
      this.endWatchesOf(resource);
    });
    const handler = new RequestHandler({
      store: this.store,
      faults: this.faults,
      version: this.version,
      onRequest: (request) => {
        this.log(request);
      },
      onWatch: (watch, response, request) => {
        this.watches.add(watch);
        response.once('close', () => this.watches.delete(watch));
        this.faults.watchOpened(response, request, () => {
          watch.end();
        });
      },
    });
    this.server = createServer({ keepAliveTimeout: 60_000 }, (message, response) => {
      void handler.handle(message, response);
    });
  }

  /** Base URL; empty before listen(). */
  get url(): string {
    return this.address;
  }

  /** @param port 0 takes a free one. */
  async listen(port = 0): Promise<{ url: string; port: number }> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', resolve);
    });
    const { port: bound } = this.server.address() as AddressInfo;
    this.address = `http://127.0.0.1:${String(bound)}`;
    this.addPresets(bound);
    this.bookmarkTimer = setInterval(() => {
      this.sendBookmarks();
    }, this.options.bookmarkIntervalMs ?? 60_000);
    return { url: this.address, port: bound };
  }

  /** Creates or replaces an object, status included, whatever its resourceVersion. @throws ApiError Invalid */
  apply(authored: ObjectRef): KubeDocument {
    const resource = this.store.resources.ofKind(authored.apiVersion, authored.kind);
    const document = inItsNamespace(authored, resource);
    const key = objectKey(document.metadata.namespace, document.metadata.name);
    const options = { part: 'all' } as const;
    const stored = this.store.collection(resource).get(key)
      ? this.store.update(resource, document, options)
      : this.store.create(resource, document, options);
    return decodeObject(stored);
  }

  /** Returns whether there was such an object. */
  delete(ref: ObjectRef): boolean {
    const { resource, key } = this.locate(ref);
    if (!this.store.collection(resource).get(key)) return false;
    this.store.delete(resource, key);
    return true;
  }

  get(ref: ObjectRef): KubeDocument | undefined {
    const { resource, key } = this.locate(ref);
    const stored = this.store.collection(resource).get(key);
    return stored && decodeObject(stored);
  }

  /** In key order. */
  list(apiVersion: string, kind: string, namespace?: string): KubeDocument[] {
    const resource = this.store.resources.ofKind(apiVersion, kind);
    const all = this.store.collection(resource).list();
    return all
      .filter((stored) => namespace === undefined || stored.namespace === namespace)
      .map(decodeObject);
  }

  /** Forgets all history: watching from, or listing at, an older revision is Expired from now on. */
  compact(): void {
    this.store.compact();
  }

  /** Every watch that asked for bookmarks gets one now. */
  sendBookmarks(): void {
    for (const watch of this.watches) watch.bookmark();
  }

  /** A kubeconfig for this server, without credentials. @throws Error before listen() */
  async writeKubeconfig(path: string): Promise<void> {
    if (this.address === '') throw new Error('the server does not listen yet');
    const kubeconfig = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'dev', cluster: { server: this.address, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'dev', user: {} }],
      contexts: [{ name: 'dev', context: { cluster: 'dev', user: 'dev' } }],
      'current-context': 'dev',
    };
    await writeFile(path, `${JSON.stringify(kubeconfig, undefined, 2)}\n`);
  }

  /** Breaks every connection and stops listening. The objects stay: a later listen() serves them again. */
  async close(): Promise<void> {
    clearInterval(this.bookmarkTimer);
    this.faults.clear();
    if (!this.server.listening) return;
    await new Promise<void>((resolve) => {
      this.server.close(() => {
        resolve();
      });
      this.server.closeAllConnections();
    });
  }

  private addPresets(port: number): void {
    const { ciliumCrds = true, kubernetesService = true } = this.options;
    const presets = [
      ...presetNamespaces(),
      ...(ciliumCrds ? ciliumDefinitions() : []),
      ...(kubernetesService ? presetKubernetesService(port, this.version) : []),
    ];
    for (const preset of presets) if (!this.get(preset)) this.apply(preset);
  }

  private locate({ apiVersion, kind, metadata }: ObjectRef): { resource: Resource; key: string } {
    const resource = this.store.resources.ofKind(apiVersion, kind);
    const namespace = resource.namespaced ? (metadata.namespace ?? 'default') : undefined;
    return { resource, key: objectKey(namespace, metadata.name) };
  }

  private endWatchesOf({ plural }: Resource): void {
    for (const watch of this.watches) if (watch.path.split('/').includes(plural)) watch.end();
  }

  private log(request: RequestRecord): void {
    this.requestLog.push(request);
    if (this.requestLog.length > 20_000) this.requestLog.splice(0, 10_000);
  }
}

function inItsNamespace(authored: ObjectRef, { namespaced }: Resource): KubeDocument {
  const copy = structuredClone(authored) as KubeDocument;
  if (namespaced) copy.metadata.namespace ??= 'default';
  else delete copy.metadata.namespace;
  return copy;
}
