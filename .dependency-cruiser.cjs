/**
 * The architecture as rules: data flows kubernetes -> k8s-sync -> mirror -> etcd, and each outside world has one owner.
 * @type {import('dependency-cruiser').IConfiguration}
 */
const owned = (name, library, owner, why) => ({
  name: `only-${name}`,
  severity: 'error',
  comment: why,
  from: { path: '^src/', pathNot: owner },
  to: { path: `(^|node_modules/)(${library})(/|$)` },
});

/** Outside worlds as node modules: files, sockets, processes. `path` and `buffer` compute, they reach nothing. */
const io =
  '^(node:)?(fs|net|http|https|http2|tls|dns|dgram|child_process|worker_threads|cluster|os|process)(/|$)';

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment:
        'A cycle hides which part starts first and drains last. Types alone may point back: they start nothing.',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-unresolved',
      severity: 'error',
      comment: 'An import that resolves to nothing passes every other rule.',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-dev-dependencies',
      severity: 'error',
      comment: 'What ships must be installed with `npm ci --omit=dev`.',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm', 'type-only'] },
    },
    {
      name: 'no-product-to-test-or-dev',
      severity: 'error',
      comment: 'The product knows neither its tests nor its development tools.',
      from: { path: '^src/' },
      to: { path: '^(test|dev|scripts)/' },
    },
    {
      name: 'no-barrels',
      severity: 'error',
      comment: 'An index.ts hides which file a name lives in.',
      from: {},
      to: { path: '^(src|test|dev)/.*(^|/)index\\.ts$' },
    },
    owned(
      'etcd-imports-etcd3',
      'etcd3|@grpc/[^/]+',
      '^src/modules/etcd/',
      'etcd3 is wrapped once: deadlines, faults and retries have one policy.',
    ),
    owned(
      'kubernetes-imports-client-node',
      '@kubernetes/client-node',
      '^src/modules/kubernetes/',
      'The Kubernetes client is wrapped once: one connection pool, one back-off.',
    ),
    owned(
      'certificates-imports-x509',
      '@peculiar/[^/]+',
      '^src/modules/certificates/',
      'Only the command `certs` writes certificates; no server loads the library.',
    ),
    owned(
      'metrics-imports-prom-client',
      'prom-client',
      '^src/modules/metrics/',
      'Every metric stands in one table.',
    ),
    owned('cli-imports-commander', 'commander', '^src/cli/', 'Flags end where options begin.'),
    owned(
      'logging-imports-pino',
      'pino',
      '^src/modules/logging/',
      'Everybody else writes to the Log interface.',
    ),
    {
      name: 'common-is-pure',
      severity: 'error',
      comment: 'src/common is plain TypeScript: nothing of the program, no framework.',
      from: { path: '^src/common/' },
      to: { path: '^src/(?!common/)|node_modules' },
    },
    {
      name: 'common-reaches-no-outside-world',
      severity: 'error',
      comment: 'No input or output in src/common; time comes by argument.',
      from: { path: '^src/common/' },
      to: { dependencyTypes: ['core'], path: io },
    },
    {
      name: 'projections-are-pure',
      severity: 'error',
      comment:
        'A projection is a function from one object to the entries it wants: no framework, no library.',
      from: { path: '^src/modules/k8s-sync/projections/' },
      to: { path: 'node_modules' },
    },
    {
      name: 'projections-reach-no-outside-world',
      severity: 'error',
      comment: 'No input or output in a projection.',
      from: { path: '^src/modules/k8s-sync/projections/' },
      to: { dependencyTypes: ['core'], path: io },
    },
    {
      name: 'modules-know-no-app',
      severity: 'error',
      comment: 'Apps wire modules; the other direction would be a cycle in waiting.',
      from: { path: '^src/modules/' },
      to: { path: '^src/(apps|cli|main)' },
    },
    {
      name: 'mirror-knows-no-source',
      severity: 'error',
      comment: 'The mirror is shared by every source, so it depends on none.',
      from: { path: '^src/modules/mirror/' },
      to: { path: '^src/modules/(kubernetes|k8s-sync|admin|health)/' },
    },
    {
      name: 'sources-and-sinks-stand-alone',
      severity: 'error',
      comment: 'The Kubernetes side and the etcd side meet only in what joins them.',
      from: { path: '^src/modules/(kubernetes|etcd)/' },
      to: { path: '^src/modules/(k8s-sync|mirror|heartbeat|health|admin)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
    reporterOptions: { text: { highlightFocused: true } },
  },
};
