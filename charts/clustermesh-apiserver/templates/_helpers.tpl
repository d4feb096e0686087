{{/*
Names are constants, not derived from the release: Cilium's agents, its chart and its command line find these objects by name,
and a selector or name that moved with a release would make an upgrade impossible.
*/}}

{{/* metadata of an object. Arguments: root, name; optional labels, annotations (own ones), clusterScoped. */}}
{{- define "clustermesh.metadata" -}}
{{- $root := .root -}}
name: {{ .name }}
{{- if not .clusterScoped }}
namespace: {{ $root.Release.Namespace }}
{{- end }}
labels:
  {{- include "clustermesh.labels" (dict "root" $root "labels" .labels) | nindent 2 }}
{{- with merge (dict) (.annotations | default dict) $root.Values.clustermesh.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "clustermesh.labels" -}}
{{- $own := dict
  "k8s-app" "clustermesh-apiserver"
  "app.kubernetes.io/name" "clustermesh-apiserver"
  "app.kubernetes.io/part-of" "cilium"
  "app.kubernetes.io/managed-by" .root.Release.Service
  "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_") -}}
{{- toYaml (merge (dict) $own (.labels | default dict) .root.Values.commonLabels) }}
{{- end }}

{{/* What the Deployment, the services and the budget select by. Immutable: never add to it. */}}
{{- define "clustermesh.selectorLabels" -}}
k8s-app: clustermesh-apiserver
{{- end }}

{{- define "clustermesh.image" -}}
{{- $image := .Values.image -}}
{{- if $image.override -}}
{{- $image.override -}}
{{- else -}}
{{- $image.repository }}:{{ $image.tag | default .Chart.AppVersion }}
{{- if and $image.useDigest $image.digest }}@{{ $image.digest }}{{ end -}}
{{- end -}}
{{- end }}

{{/* Booleans below are "true" or "": an empty string is false. */}}

{{/* A cluster with the number 0 only serves external workloads; it has no peers. */}}
{{- define "clustermesh.inMesh" -}}
{{- if gt (int .Values.cluster.id) 0 }}true{{ end -}}
{{- end }}

{{- define "clustermesh.kvstoremesh" -}}
{{- if and .Values.kvstoremesh.enabled (include "clustermesh.inMesh" .) }}true{{ end -}}
{{- end }}

{{- define "clustermesh.ownEtcd" -}}
{{- if not .Values.externalEtcd.enabled }}true{{ end -}}
{{- end }}

{{/* etcd's users are written by this server, so that every peer has its own. */}}
{{- define "clustermesh.usersFile" -}}
{{- if and (ne .Values.tls.authMode "legacy") (include "clustermesh.inMesh" .) }}true{{ end -}}
{{- end }}

{{- define "clustermesh.metrics.apiserver" -}}
{{- if .Values.metrics.enabled }}true{{ end -}}
{{- end }}

{{- define "clustermesh.metrics.kvstoremesh" -}}
{{- if and (include "clustermesh.kvstoremesh" .) .Values.metrics.kvstoremesh.enabled }}true{{ end -}}
{{- end }}

{{- define "clustermesh.metrics.etcd" -}}
{{- if and (include "clustermesh.ownEtcd" .) .Values.metrics.etcd.enabled }}true{{ end -}}
{{- end }}

{{- define "clustermesh.metrics.any" -}}
{{- include "clustermesh.metrics.apiserver" . }}{{ include "clustermesh.metrics.kvstoremesh" . }}{{ include "clustermesh.metrics.etcd" . -}}
{{- end }}

{{/* Where this cluster's agents read the cache of the other clusters. */}}
{{- define "clustermesh.cacheEndpoints" -}}
{{- if .Values.externalEtcd.enabled -}}
{{- toYaml .Values.externalEtcd.endpoints -}}
{{- else -}}
- https://clustermesh-apiserver.{{ .Release.Namespace }}.svc:{{ .Values.service.port }}
{{- end -}}
{{- end }}

{{/* The etcd client file of one cluster (spec: no newline at its end). Arguments: endpoints (YAML list), files and ca (prefixes). */}}
{{- define "clustermesh.etcdClientFile" -}}
endpoints:
{{ .endpoints }}
trusted-ca-file: /var/lib/cilium/clustermesh/{{ .ca }}etcd-client-ca.crt
key-file: /var/lib/cilium/clustermesh/{{ .files }}etcd-client.key
cert-file: /var/lib/cilium/clustermesh/{{ .files }}etcd-client.crt
{{- end }}

{{/* The same for an entry of clustermesh.config.clusters that is connected to directly. Arguments: cluster, domain. */}}
{{- define "clustermesh.directClientFile" -}}
{{- $cluster := .cluster -}}
{{- $tls := $cluster.tls | default dict -}}
{{- $own := and $tls.cert $tls.key -}}
{{- $host := ternary (printf "%s.%s" $cluster.name .domain) (toString $cluster.address) (not (empty $cluster.ips)) -}}
{{- include "clustermesh.etcdClientFile" (dict
  "endpoints" (printf "- https://%s:%d" $host (int $cluster.port))
  "files" (ternary (printf "%s." $cluster.name) "common-" (not (empty $own)))
  "ca" (ternary (printf "%s." $cluster.name) "common-" (not (empty (and $own $tls.caCert))))) -}}
{{- end }}

{{/* Entries of pod.spec.hostAliases, one per address: several clusters may share a load balancer's. */}}
{{- define "clustermesh.hostAliases" -}}
{{- $names := dict -}}
{{- $config := .Values.clustermesh.config -}}
{{- range $cluster := $config.clusters -}}
{{- range $ip := $cluster.ips -}}
{{- $_ := set $names $ip (append (get $names $ip | default list) (printf "%s.%s" $cluster.name $config.domain)) -}}
{{- end -}}
{{- end -}}
{{- range $ip := keys $names | sortAlpha }}
- ip: {{ $ip | quote }}
  hostnames:
    {{- toYaml (get $names $ip | uniq) | nindent 4 }}
{{- end -}}
{{- end }}
