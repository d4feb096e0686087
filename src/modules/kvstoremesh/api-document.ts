import type { ClusterView } from './cluster-view.js';

interface Property {
  readonly description?: string;
  readonly type?: 'boolean' | 'integer' | 'string';
  readonly format?: 'date-time';
  readonly $ref?: string;
}

interface Definition {
  readonly description: string;
  readonly type: 'object';
  readonly properties: Readonly<Record<string, Property>>;
}

/** Every field of T has its property: one that is missing, or is there no more, does not compile. */
function definition<T extends object>(
  description: string,
  properties: Readonly<Record<keyof T & string, Property>>,
): Definition {
  return { description, type: 'object', properties };
}

const flag = (description: string): Property => ({ description, type: 'boolean' });
const count = (description: string): Property => ({ description, type: 'integer' });
const text = (description: string): Property => ({ description, type: 'string' });
const reference = (name: string): Property => ({ $ref: `#/definitions/${name}` });

const definitions = {
  RemoteCluster: definition<ClusterView>('A remote cluster; false, 0 and what is empty are left out', {
    config: reference('RemoteClusterConfig'),
    connected: flag('There is a connection to its etcd'),
    'last-failure': { ...text('When its etcd was lost last; the year 1: never'), format: 'date-time' },
    name: text('The name of the cluster'),
    'num-endpoints': count('Addresses that it publishes'),
    'num-failures': count('How often its etcd was lost'),
    'num-identities': count('Security identities that it publishes'),
    'num-nodes': count('Nodes that it publishes'),
    'num-shared-services': count('Global services that it publishes'),
    ready: flag('Connected, with its configuration and complete lists'),
    status: text('The connection in words'),
    synced: reference('RemoteClusterSynced'),
  }),
  RemoteClusterConfig: definition<NonNullable<ClusterView['config']>>('What the cluster says of itself', {
    'cluster-id': count('Its id'),
    kvstoremesh: flag('Its data are a copy which a kvstoremesh keeps'),
    required: flag('Nothing is copied before it is known'),
    retrieved: flag('It is known'),
    'sync-canaries': flag('It says of each type when all of it is there'),
  }),
  RemoteClusterSynced: definition<ClusterView['synced']>('The types of which everything has arrived', {
    endpoints: flag('Addresses'),
    identities: flag('Security identities'),
    nodes: flag('Nodes'),
    services: flag('Global services'),
  }),
};

/** Swagger 2.0, as the original's generated server publishes its API at `/swagger.json` (spec/kvstoremesh.md §10.2). */
export const apiDocument = {
  swagger: '2.0',
  info: { title: 'KvstoreMesh', description: 'Cilium KVStoreMesh', version: 'v1beta1' },
  basePath: '/v1',
  consumes: ['application/json'],
  produces: ['application/json'],
  paths: {
    '/cluster': {
      get: {
        tags: ['cluster'],
        summary: 'The remote clusters and how they are',
        responses: {
          200: {
            description: 'By name',
            schema: { type: 'array', items: { $ref: '#/definitions/RemoteCluster' } },
          },
        },
      },
    },
  },
  definitions,
} as const;

/** The same for people: a page that needs nothing from elsewhere. */
export function apiPage(): string {
  const { info, basePath, paths } = apiDocument;
  const { summary } = paths['/cluster'].get;
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<title>${info.title}</title></head><body>`,
    `<h1>${info.description} ${info.version}</h1>`,
    `<h2><code>GET ${basePath}/cluster</code></h2>`,
    `<p>${summary}: a list of <a href="#RemoteCluster">RemoteCluster</a>. For programs: <a href="/swagger.json">swagger.json</a>.</p>`,
    ...Object.entries(definitions).flatMap(([name, { description, properties }]) => [
      `<h3 id="${name}">${name}</h3><p>${description}</p>`,
      '<table><thead><tr><th>Field<th>Type<th>Meaning</thead><tbody>',
      ...Object.entries<Property>(properties).map(row),
      '</tbody></table>',
    ]),
    '</body></html>\n',
  ].join('\n');
}

function row([name, { type, description = '', $ref }]: [string, Property]): string {
  const referred = $ref?.slice($ref.lastIndexOf('/') + 1);
  const shown = referred === undefined ? type : `<a href="#${referred}">${referred}</a>`;
  return `<tr><td><code>${name}</code><td>${shown}<td>${description}`;
}
