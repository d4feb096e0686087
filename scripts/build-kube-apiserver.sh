#!/usr/bin/env bash
# A real kube-apiserver (Kubernetes 1.20.2) for the end-to-end tests, built from Debian's source package:
#
#     scripts/build-kube-apiserver.sh [FOLDER]      default: $KUBEBUILDER_ASSETS, else ~/.cache/envtest
#
# The folder is laid out as KUBEBUILDER_ASSETS expects (kube-apiserver and etcd). If it holds that kube-apiserver already,
# nothing is done. Needs Debian 12 with root or sudo, 2 GiB of disk and about six minutes on two cores.
#
# Debian ships the source but no server. Three things keep that source from building or working with the Go that Debian
# ships, and each is mended from what Debian packages; see mend_source and generate_openapi.
set -euo pipefail

version=1.20.2
target=${1:-${KUBEBUILDER_ASSETS:-$HOME/.cache/envtest}}
packages=(etcd-server golang-1.19-go golang-1.19-src golang-github-modern-go-reflect2-dev dpkg-dev)

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

install_tools() {
  local install=(apt-get install -y --no-install-recommends "${packages[@]}")
  as_root "${install[@]}" >/dev/null || { as_root apt-get update -q && as_root "${install[@]}" >/dev/null; }
}

# The machine's own apt may list no source packages, so a private apt configuration asks the same mirror for them.
download_source() {
  local mirror
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | awk '/\/debian$/ && !seen++')
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
  echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bookworm main" >"$work/sources.list"
  local apt=(apt-get -q -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
             -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache")
  as_root "${apt[@]}" update >/dev/null
  (cd "$work" && "${apt[@]}" source --download-only kubernetes >/dev/null)
  mkdir -p "$tree"
  tar xzf "$work"/kubernetes_*.orig.tar.gz -C "$tree" --strip-components=1
}

mend_source() {
  # The vendored reflect2 crashes under Go 1.18 and newer; Debian packages one that does not.
  local reflect2=vendor/github.com/modern-go/reflect2
  rm -f "$reflect2"/*.go "$reflect2"/*.s
  cp /usr/share/gocode/src/github.com/modern-go/reflect2/*.{go,s} "$reflect2/"
  rm -f "$reflect2"/*_test.go
  # A comparison of two reflect.Values holds for empty strings under newer Go, which makes custom resources refuse them.
  sed -i 's/if data == nil || reflect.DeepEqual(reflect.Zero(reflect.TypeOf(data)), reflect.ValueOf(data)) {/if data == nil {/' \
    vendor/k8s.io/kube-openapi/pkg/validation/validate/type.go
}

# The OpenAPI definitions are a generated file that the source package leaves out.
generate_openapi() {
  go build -o "$work/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
  local inputs
  inputs=$(grep -rlE '^// \+k8s:openapi-gen=true' --include='*.go' pkg cmd staging/src | xargs -n1 dirname | sort -u |
    sed -e 's#^staging/src/#k8s.io/kubernetes/vendor/#' -e 's#^\(pkg\|cmd\)/#k8s.io/kubernetes/\1/#' |
    grep -vE 'code-generator|sample-apiserver|/metrics/pkg' | paste -sd,)
  : >"$work/violations"
  "$work/openapi-gen" -i "$inputs" -p k8s.io/kubernetes/pkg/generated/openapi -O zz_generated.openapi \
    -h vendor/k8s.io/code-generator/hack/boilerplate.go.txt -r "$work/violations"
}

# The version is set by hand, as upstream's build does: it is what --version prints and GET /version answers.
build_server() {
  local flags=(-s -w) package value
  for package in component-base/version client-go/pkg/version; do
    for value in gitVersion=v$version gitMajor=1 gitMinor=20; do
      flags+=(-X "k8s.io/kubernetes/vendor/k8s.io/$package.$value")
    done
  done
  go build -ldflags "${flags[*]}" -o "$target/kube-apiserver" ./cmd/kube-apiserver
}

mkdir -p "$target"
target=$(cd "$target" && pwd)
if "$target/kube-apiserver" --version 2>/dev/null | grep -q "v$version"; then
  echo "$target/kube-apiserver is there already"
  exit 0
fi

work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
export GOPATH=$work/go GO111MODULE=off GOFLAGS= CGO_ENABLED=0 GOCACHE=$work/gocache GOROOT=/usr/lib/go-1.19
export PATH=/usr/lib/go-1.19/bin:$PATH
tree=$GOPATH/src/k8s.io/kubernetes

install_tools
download_source
cd "$tree"
mend_source
generate_openapi
build_server
ln -sf "$(command -v etcd)" "$target/etcd"
"$target/kube-apiserver" --version
