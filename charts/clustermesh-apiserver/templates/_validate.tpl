{{/*
Everything that a schema cannot say, or cannot say in a sentence. Included once, by the Deployment: other templates must render
whatever the values are, so that these sentences are what the user reads.
*/}}
{{- define "clustermesh.validate" -}}
{{- include "clustermesh.validate.identity" . -}}
{{- include "clustermesh.validate.installation" . -}}
{{- include "clustermesh.validate.clusters" . -}}
{{- include "clustermesh.validate.etcd" . -}}
{{- include "clustermesh.validate.certificates" . -}}
{{- end }}

{{- define "clustermesh.validate.identity" -}}
{{- $name := .Values.cluster.name | default "" -}}
{{- $id := .Values.cluster.id -}}
{{- if not $name }}
{{- fail "cluster.name is required: set it to this cluster's name, the one in Cilium's ConfigMap cilium-config." }}
{{- end }}
{{- if kindIs "invalid" $id }}
{{- fail "cluster.id is required: set it to this cluster's number in the mesh, the one in Cilium's ConfigMap cilium-config." }}
{{- end }}
{{- if or (gt (len $name) 32) (not (regexMatch "^([a-z0-9][-a-z0-9]*)?[a-z0-9]$" $name)) }}
{{- fail (printf "cluster.name %q is not valid: use at most 32 lower-case letters, digits and dashes, with a letter or digit at both ends." $name) }}
{{- end }}
{{- if or (lt (int $id) 0) (gt (int $id) (int .Values.clustermesh.maxConnectedClusters)) }}
{{- fail (printf "cluster.id %d is not valid: it must be between 1 and clustermesh.maxConnectedClusters (%d)." (int $id) (int .Values.clustermesh.maxConnectedClusters)) }}
{{- end }}
{{- if and (eq (int $id) 0) (not .Values.externalWorkloads.enabled) }}
{{- fail "cluster.id 0 cannot be part of a mesh: give the cluster a number, or set externalWorkloads.enabled if it only serves external workloads." }}
{{- end }}
{{- if and (eq $name "default") (ne (int $id) 0) }}
{{- fail (printf "cluster.name \"default\" cannot be used with cluster.id %d: every cluster of a mesh needs a name of its own." (int $id)) }}
{{- end }}
{{- end }}

{{/* Where the cluster can be asked, a name that differs from Cilium's own is refused: the mesh would silently stay empty. */}}
{{- define "clustermesh.validate.installation" -}}
{{- with lookup "v1" "ConfigMap" .Release.Namespace "cilium-config" }}
{{- $name := get (.data | default dict) "cluster-name" -}}
{{- $id := get (.data | default dict) "cluster-id" -}}
{{- if and $name (ne $name $.Values.cluster.name) }}
{{- fail (printf "cluster.name is %q, but Cilium in this cluster is called %q (ConfigMap cilium-config, cluster-name): they must be equal." $.Values.cluster.name $name) }}
{{- end }}
{{- if and $id (ne $id (toString (int $.Values.cluster.id))) }}
{{- fail (printf "cluster.id is %d, but Cilium in this cluster has %s (ConfigMap cilium-config, cluster-id): they must be equal." (int $.Values.cluster.id) $id) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "clustermesh.validate.clusters" -}}
{{- $seen := dict -}}
{{- range .Values.clustermesh.config.clusters }}
{{- if hasKey $seen .name }}
{{- fail (printf "clustermesh.config.clusters has two entries named %q: a cluster's name is unique in a mesh." .name) }}
{{- end }}
{{- $_ := set $seen .name true }}
{{- if and (empty .ips) (empty .address) }}
{{- fail (printf "clustermesh.config.clusters: %q needs `ips` or `address`, otherwise it cannot be reached." .name) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "clustermesh.validate.etcd" -}}
{{- $external := .Values.externalEtcd -}}
{{- if and $external.enabled (empty $external.endpoints) }}
{{- fail "externalEtcd.endpoints is required with externalEtcd.enabled: list the client URLs of its members." }}
{{- end }}
{{- if $external.enabled }}
{{- range $external.endpoints }}
{{- if and (hasPrefix "https://" .) (not $external.secretName) }}
{{- fail (printf "externalEtcd.secretName is required for %s: name the secret with ca.crt, tls.crt and tls.key of a user that may write." .) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "clustermesh.validate.certificates" -}}
{{- $tls := .Values.tls -}}
{{- if and $tls.auto.enabled (eq $tls.auto.method "certmanager") (empty $tls.auto.certManagerIssuerRef) }}
{{- fail "tls.auto.certManagerIssuerRef is required with tls.auto.method certmanager: give name, kind and group of the issuer." }}
{{- end }}
{{- if and $tls.auto.enabled (eq $tls.auto.method "helm") $tls.ca.cert (not $tls.ca.key) }}
{{- fail "tls.ca.key is required with tls.ca.cert and tls.auto.method helm: certificates cannot be signed without it." }}
{{- end }}
{{- if and (not $tls.auto.enabled) $tls.enableSecrets }}
{{- if not $tls.ca.cert }}
{{- fail "tls.ca.cert is required with tls.auto.enabled=false: give the CA certificate, or set tls.enableSecrets=false and create the secrets yourself." }}
{{- end }}
{{- range fromYamlArray (include "clustermesh.certificates" .) }}
{{- $pair := get $tls .value }}
{{- $optional := and (eq .value "local") (not $pair.cert) (not $pair.key) }}
{{- if and (not $optional) (or (not $pair.cert) (not $pair.key)) }}
{{- fail (printf "tls.%s.cert and tls.%s.key are required with tls.auto.enabled=false: secret %s is made of them." .value .value .name) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
