import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

export interface KubeAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** What a test authors: metadata and anything else. */
export interface TestObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

const plurals: Readonly<Record<string, string>> = {
  CiliumIdentity: 'ciliumidentities',
  CiliumNode: 'ciliumnodes',
  CiliumEndpoint: 'ciliumendpoints',
  CiliumExternalWorkload: 'ciliumexternalworkloads',
  CustomResourceDefinition: 'customresourcedefinitions',
  Service: 'services',
  Endpoints: 'endpoints',
  EndpointSlice: 'endpointslices',
  Namespace: 'namespaces',
  Deployment: 'deployments',
  Node: 'nodes',
  Secret: 'secrets',
  ConfigMap: 'configmaps',
  ServiceAccount: 'serviceaccounts',
  Role: 'roles',
  RoleBinding: 'rolebindings',
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
};

/** The path of an object's collection, e.g. `/apis/cilium.io/v2/namespaces/shop/ciliumendpoints`. */
export function collectionPath({ apiVersion, kind, metadata }: TestObject): string {
  const plural = plurals[kind];
  if (plural === undefined) throw new Error(`the test's client does not know the kind ${kind}`);
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return metadata.namespace === undefined
    ? `${root}/${plural}`
    : `${root}/namespaces/${metadata.namespace}/${plural}`;
}

export function objectPath(object: TestObject): string {
  return `${collectionPath(object)}/${object.metadata.name}`;
}

/** A hand-written API client, so that a fault in the program's own one cannot hide in both. */
export class KubeClient {
  private readonly secure: boolean;
  private readonly agent: HttpAgent | HttpsAgent;

  constructor(
    readonly url: string,
    private readonly token: string | undefined,
    ca?: string,
  ) {
    this.secure = url.startsWith('https:');
    const pool = { keepAlive: true, maxSockets: 16 };
    this.agent = this.secure
      ? new HttpsAgent({ ...pool, ...(ca === undefined ? {} : { ca }) })
      : new HttpAgent(pool);
  }

  /** One request. An answer of any status resolves; a broken connection rejects. */
  request(
    method: string,
    path: string,
    body?: unknown,
    contentType = 'application/json',
  ): Promise<KubeAnswer> {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers: Record<string, string | number> = { accept: 'application/json' };
    if (this.token !== undefined) headers.authorization = `Bearer ${this.token}`;
    if (payload) Object.assign(headers, { 'content-type': contentType, 'content-length': payload.length });
    return new Promise((resolve, reject) => {
      const send = this.secure ? httpsRequest : httpRequest;
      const request = send(new URL(path, this.url), { method, agent: this.agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          resolve({ status: response.statusCode ?? 0, body: parse(Buffer.concat(chunks).toString('utf8')) });
        });
      });
      request.once('error', reject);
      request.end(payload);
    });
  }

  /** Creates the object, or replaces the one that is there. */
  async apply(object: TestObject): Promise<void> {
    const created = await this.request('POST', collectionPath(object), object);
    if (created.status < 300) return;
    // 422: a Service that is there holds its own cluster IP, which is looked at before its name.
    if (created.status !== 409 && created.status !== 422) throw refused('POST', object, created);
    const present = await this.request('GET', objectPath(object));
    if (present.status !== 200) throw refused('POST', object, created);
    const { resourceVersion } = (present.body as { metadata: { resourceVersion: string } }).metadata;
    const replaced = await this.request('PUT', objectPath(object), {
      ...object,
      metadata: { ...object.metadata, resourceVersion },
    });
    if (replaced.status >= 300) throw refused('PUT', object, replaced);
  }

  /** Deletes the object; one that is not there is fine. @throws Error while the server does not serve its kind (yet). */
  async delete(object: TestObject): Promise<void> {
    const answer = await this.request('DELETE', objectPath(object));
    if (answer.status >= 300 && !isMissing(answer)) throw refused('DELETE', object, answer);
  }

  close(): void {
    this.agent.destroy();
  }
}

/** A Status tells of the object; a path that nobody serves is answered in plain text. */
function isMissing({ status, body }: KubeAnswer): boolean {
  return status === 404 && typeof body !== 'string';
}

function refused(method: string, object: TestObject, { status, body }: KubeAnswer): Error {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return new Error(`${method} ${objectPath(object)}: ${String(status)} ${text.slice(0, 500)}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
