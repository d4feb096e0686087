# The image that the chart runs: clustermesh-apiserver and etcd, no package manager, nothing that needs to be written to.
#     docker build -t clustermesh-apiserver:0.1.0 --build-arg VERSION=0.1.0 --build-arg REVISION=$(git rev-parse HEAD) .
# What is in it is decided by scripts/image-rootfs.mjs alone, which also makes the archive of a release (docs/image.md).

# Debian 12: the shared libraries and etcd come from the same release that the tests run on.
FROM node:20-bookworm AS build
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates dash etcd-client etcd-server git \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
# With .git: `version` and the files' times are those of the commit.
COPY . .
RUN npm run build && node scripts/image-rootfs.mjs /image

FROM scratch
COPY --from=build /image/ /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    GOPS_CONFIG_DIR=/tmp/gops
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="clustermesh-apiserver" \
      org.opencontainers.image.description="ClusterMesh API server for Cilium, a drop-in replacement of the image of Cilium 1.16" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
USER 65532:65532
WORKDIR /
ENTRYPOINT ["/usr/bin/clustermesh-apiserver"]
