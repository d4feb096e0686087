import type { Values } from './helm.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const pair = (name: string): object => ({ cert: base64(`${name} cert`), key: base64(`${name} key`) });

export const providedPairs = {
  ca: { cert: base64('ca cert') },
  server: pair('server'),
  admin: pair('admin'),
  remote: pair('remote'),
  local: pair('local'),
  client: pair('client'),
} as const;

const clusters = [
  { name: 'beta', port: 32379, ips: ['172.18.0.3', 'fd00::3'] },
  { name: 'gamma', port: 2379, address: 'gamma.example.com' },
  {
    name: 'delta',
    port: 2379,
    address: 'delta.example.com',
    tls: { cert: base64('delta cert'), key: base64('delta key'), caCert: base64('delta ca') },
  },
] as const;

const configured = { config: { enabled: true, clusters } } as const;
const env = [{ name: 'NODE_OPTIONS', value: '--max-old-space-size=512' }] as const;
const volume = { name: 'more', emptyDir: {} } as const;
const mount = { name: 'more', mountPath: '/more' } as const;
const external = {
  enabled: true,
  endpoints: ['https://etcd-0.example.com:2379', 'https://etcd-1.example.com:2379'],
  secretName: 'etcd-client',
} as const;

/** Installations that differ in every value which has a branch of its own in a template. */
export const matrix: Readonly<Record<string, Values>> = {
  defaults: {},
  'load balancer': {
    service: {
      type: 'LoadBalancer',
      loadBalancerClass: 'example.com/lb',
      loadBalancerIP: '192.0.2.10',
      loadBalancerSourceRanges: ['10.0.0.0/8'],
      annotations: { 'example.com/internal': 'true' },
      externalTrafficPolicy: 'Local',
    },
  },
  'cluster ip': { service: { type: 'ClusterIP', internalTrafficPolicy: '' } },
  'node port chosen by Kubernetes': { service: { nodePort: null, labels: { team: 'net' } } },
  'dual stack': { service: { ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv6', 'IPv4'] } },
  'etcd in memory': { etcd: { storageMedium: 'Memory', sizeLimit: '2Gi' } },
  'etcd on a bounded disk': { etcd: { sizeLimit: '2Gi' } },
  'no kvstoremesh': { kvstoremesh: { enabled: false } },
  'external workloads': { externalWorkloads: { enabled: true } },
  'external workloads only': { cluster: { name: 'default', id: 0 }, externalWorkloads: { enabled: true } },
  'users being migrated': { tls: { authMode: 'migration' }, clustermesh: configured },
  'a user for each cluster': { tls: { authMode: 'cluster' }, clustermesh: configured },
  'cert-manager': {
    tls: {
      auto: { method: 'certmanager', certManagerIssuerRef: { name: 'mesh-ca', kind: 'ClusterIssuer' } },
    },
    externalWorkloads: { enabled: true },
  },
  'certificates by job': {
    tls: { auto: { method: 'cronJob' }, server: { extraDnsNames: ['mesh.example.com'] } },
    certgen: {
      hostNetwork: true,
      podLabels: { team: 'net' },
      podAnnotations: { a: 'b' },
      annotations: { c: 'd' },
    },
  },
  'certificates by job, once': { tls: { auto: { method: 'cronJob', schedule: '' } }, debug: true },
  'provided certificates': {
    tls: { auto: { enabled: false }, ...providedPairs },
    externalWorkloads: { enabled: true },
  },
  'provided secrets': { tls: { auto: { enabled: false }, enableSecrets: false } },
  'CA bundle in a ConfigMap': { tls: { caBundle: { enabled: true } } },
  'CA bundle in a Secret': {
    tls: { caBundle: { enabled: true, useSecret: true, name: 'roots', key: 'all.pem' } },
  },
  'three replicas': {
    replicas: 3,
    podDisruptionBudget: { enabled: true },
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway' },
    ],
  },
  'budget by minimum': { replicas: 2, podDisruptionBudget: { enabled: true, minAvailable: '50%' } },
  'no metrics': {
    metrics: { enabled: false, kvstoremesh: { enabled: false }, etcd: { enabled: false } },
    networkPolicy: { enabled: true },
  },
  'service monitor': {
    metrics: {
      etcd: { mode: 'extensive' },
      serviceMonitor: {
        enabled: true,
        labels: { release: 'prometheus' },
        scrapeTimeout: '5s',
        relabelings: [{ action: 'labeldrop', regex: 'pod' }],
      },
    },
  },
  'network policy': {
    networkPolicy: {
      enabled: true,
      etcdFrom: [{ ipBlock: { cidr: '10.0.0.0/8' } }],
      metricsFrom: [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }],
    },
  },
  'clusters through kvstoremesh': { clustermesh: configured },
  'clusters without kvstoremesh': { clustermesh: configured, kvstoremesh: { enabled: false } },
  '511 clusters': { cluster: { name: 'alpha', id: 400 }, clustermesh: { maxConnectedClusters: 511 } },
  'external etcd': { externalEtcd: external, replicas: 3, networkPolicy: { enabled: true } },
  'external etcd without TLS': {
    externalEtcd: { enabled: true, endpoints: ['http://etcd.example.com:2379'] },
    clustermesh: configured,
    kvstoremesh: { enabled: false },
  },
  Endpoints: { enableK8sEndpointSlice: false },
  debug: { debug: true },
  'everything extra': {
    image: { override: 'registry.example.com/mesh@sha256:00' },
    imagePullSecrets: [{ name: 'registry' }],
    commonLabels: { team: 'net' },
    clustermesh: { annotations: { owner: 'net' } },
    extraArgs: ['--log-format=json'],
    extraEnv: env,
    extraVolumes: [volume],
    extraVolumeMounts: [mount],
    resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '1Gi' } },
    lifecycle: { preStop: { exec: { command: ['/bin/true'] } } },
    podAnnotations: { a: 'b' },
    podLabels: { c: 'd' },
    tolerations: [{ operator: 'Exists' }],
    readinessProbe: { periodSeconds: 3 },
    updateStrategy: { type: 'Recreate' },
    priorityClassName: '',
    etcd: {
      extraArgs: ['--quota-backend-bytes=4294967296'],
      extraEnv: env,
      resources: { requests: { memory: '1Gi' } },
      init: { extraArgs: ['--timeout=1m'], extraEnv: env, resources: { requests: { cpu: '10m' } } },
    },
    kvstoremesh: {
      extraArgs: ['--global-ready-timeout=1m'],
      extraEnv: env,
      extraVolumeMounts: [mount],
      resources: { requests: { cpu: '100m' } },
      readinessProbe: { periodSeconds: 3 },
      livenessProbe: { enabled: false },
      startupProbe: { enabled: false },
    },
    serviceAccount: { create: true, name: 'mesh', annotations: { a: 'b' } },
  },
  'accounts made elsewhere': { serviceAccount: { create: false, name: 'mesh' }, rbac: { create: false } },
};
