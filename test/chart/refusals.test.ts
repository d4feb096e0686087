import { describe, expect, it } from 'vitest';
import { identity, refusal, type Values } from './support/helm.js';
import { providedPairs } from './support/matrix.js';

const beta = { name: 'beta', port: 2379, address: 'beta.example.com' };

function withClusters(...clusters: readonly object[]): Values {
  return { ...identity, clustermesh: { config: { enabled: true, clusters } } };
}

const sentences: readonly (readonly [string, Values, string])[] = [
  [
    'no name',
    { cluster: { id: 3 } },
    "cluster.name is required: set it to this cluster's name, the one in Cilium's ConfigMap cilium-config.",
  ],
  [
    'no number',
    { cluster: { name: 'alpha' } },
    "cluster.id is required: set it to this cluster's number in the mesh, the one in Cilium's ConfigMap cilium-config.",
  ],
  [
    'a bad name',
    { cluster: { name: 'Alpha_1', id: 3 } },
    'cluster.name "Alpha_1" is not valid: use at most 32 lower-case letters, digits and dashes, with a letter or digit at both ends.',
  ],
  ['a long name', { cluster: { name: 'a'.repeat(33), id: 3 } }, 'is not valid: use at most 32'],
  [
    'a number out of range',
    { cluster: { name: 'alpha', id: 256 } },
    'cluster.id 256 is not valid: it must be between 1 and clustermesh.maxConnectedClusters (255).',
  ],
  ['a negative number', { cluster: { name: 'alpha', id: -1 } }, 'cluster.id -1 is not valid'],
  [
    'number 0 in a mesh',
    { cluster: { name: 'alpha', id: 0 } },
    'cluster.id 0 cannot be part of a mesh: give the cluster a number, or set externalWorkloads.enabled if it only serves external workloads.',
  ],
  [
    'the default name in a mesh',
    { cluster: { name: 'default', id: 3 } },
    'cluster.name "default" cannot be used with cluster.id 3: every cluster of a mesh needs a name of its own.',
  ],
  [
    'a cluster without address',
    withClusters({ name: 'beta', port: 2379 }),
    'clustermesh.config.clusters: "beta" needs `ips` or `address`, otherwise it cannot be reached.',
  ],
  [
    'a cluster twice',
    withClusters(beta, beta),
    'clustermesh.config.clusters has two entries named "beta": a cluster\'s name is unique in a mesh.',
  ],
  [
    'no issuer',
    { ...identity, tls: { auto: { method: 'certmanager' } } },
    'tls.auto.certManagerIssuerRef is required with tls.auto.method certmanager: give name, kind and group of the issuer.',
  ],
  [
    'a CA that cannot sign',
    { ...identity, tls: { ca: providedPairs.ca } },
    'tls.ca.key is required with tls.ca.cert and tls.auto.method helm: certificates cannot be signed without it.',
  ],
  [
    'no CA certificate',
    { ...identity, tls: { auto: { enabled: false } } },
    'tls.ca.cert is required with tls.auto.enabled=false: give the CA certificate, or set tls.enableSecrets=false and create the secrets yourself.',
  ],
  [
    'no admin certificate',
    { ...identity, tls: { auto: { enabled: false }, ...providedPairs, admin: { cert: 'YQ==' } } },
    'tls.admin.cert and tls.admin.key are required with tls.auto.enabled=false: secret clustermesh-apiserver-admin-cert is made of them.',
  ],
  [
    'half a local certificate',
    { ...identity, tls: { auto: { enabled: false }, ...providedPairs, local: { cert: 'YQ==' } } },
    'tls.local.cert and tls.local.key are required',
  ],
  [
    'no external endpoints',
    { ...identity, externalEtcd: { enabled: true } },
    'externalEtcd.endpoints is required with externalEtcd.enabled: list the client URLs of its members.',
  ],
  [
    'no client certificate for an external etcd',
    { ...identity, externalEtcd: { enabled: true, endpoints: ['https://etcd.example.com:2379'] } },
    'externalEtcd.secretName is required for https://etcd.example.com:2379: name the secret with ca.crt, tls.crt and tls.key of a user that may write.',
  ],
];

/** What the schema refuses: the words are Helm's, the path of the value is what helps. */
const schemaPaths: readonly (readonly [string, Values, string])[] = [
  ['an unknown value', { ...identity, servce: {} }, "additional properties 'servce' not allowed"],
  ['a number as text', { ...identity, replicas: 'two' }, "'/replicas'"],
  ['no such service type', { ...identity, service: { type: 'ExternalName' } }, "'/service/type'"],
  ['a port out of range', { ...identity, healthPort: 70_000 }, "'/healthPort'"],
  [
    '300 clusters',
    { ...identity, clustermesh: { maxConnectedClusters: 300 } },
    "'/clustermesh/maxConnectedClusters'",
  ],
  ['no such user mode', { ...identity, tls: { authMode: 'none' } }, "'/tls/authMode'"],
  ['no such certificate method', { ...identity, tls: { auto: { method: 'vault' } } }, "'/tls/auto/method'"],
  [
    'a certificate that is not base64',
    { ...identity, tls: { ca: { cert: '-----BEGIN' } } },
    "'/tls/ca/cert'",
  ],
  ['no such medium', { ...identity, etcd: { storageMedium: 'RAM' } }, "'/etcd/storageMedium'"],
  ['a variable without name', { ...identity, extraEnv: [{ value: 'x' }] }, "'/extraEnv/0'"],
  ['a cluster without port', withClusters({ name: 'beta' }), "'/clustermesh/config/clusters/0'"],
  [
    'a cluster with a bad name',
    withClusters({ ...beta, name: 'Beta' }),
    "'/clustermesh/config/clusters/0/name'",
  ],
  [
    'an endpoint without scheme',
    { ...identity, externalEtcd: { endpoints: ['etcd:2379'] } },
    "'/externalEtcd/endpoints/0'",
  ],
];

describe('values that cannot work are refused in a sentence', () => {
  it.each(sentences)('%s', async (_, values, sentence) => {
    expect(await refusal(values)).toContain(sentence);
    expect(await refusal(values, 3)).toContain(sentence);
  });
});

describe('values of the wrong shape are refused with their place', () => {
  it.each(schemaPaths)('%s', async (_, values, place) => {
    expect(await refusal(values)).toContain(place);
  });
});
