/** What a container of the image is started with. The Dockerfile says the same; test/unit/scripts/dockerfile.test.ts compares. */
export const imageConfig = {
  /** Numbers: the kubelet can only check `runAsNonRoot` against a number, and the stock chart runs the pod as 65532. */
  user: '65532:65532',
  entrypoint: ['/usr/bin/clustermesh-apiserver'],
  workingDir: '/',
  env: {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    // The original's image sets it (spec/operations.md §10.2). Nothing here reads it.
    GOPS_CONFIG_DIR: '/tmp/gops',
  },
  labels: {
    'org.opencontainers.image.title': 'clustermesh-apiserver',
    'org.opencontainers.image.description':
      'ClusterMesh API server for Cilium, a drop-in replacement of the image of Cilium 1.16',
    'org.opencontainers.image.licenses': 'Apache-2.0',
  },
};

/** The processor that the image is for, as Go and therefore images name it: the one that builds it. */
export const architecture = { x64: 'amd64' }[process.arch] ?? process.arch;

/** Labels that say which build it is. @param {{ version: string, revision: string, epoch: number }} build */
export function buildLabels({ version, revision, epoch }) {
  return {
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.revision': revision,
    'org.opencontainers.image.created': new Date(epoch * 1000).toISOString(),
  };
}
