{{/*
The certificates that are needed, as a YAML list of {value, name, commonName, server, dnsNames, ipAddresses}; every way to make
them starts from this list. `value` is the key under `tls`. A certificate's common name is the etcd user it logs in as.
*/}}
{{- define "clustermesh.certificates" -}}
{{- $cluster := .Values.cluster.name -}}
{{- if include "clustermesh.ownEtcd" . }}
- value: server
  name: clustermesh-apiserver-server-cert
  commonName: clustermesh-apiserver.cilium.io
  server: true
  dnsNames:
    - clustermesh-apiserver.cilium.io
    - "*.mesh.cilium.io"
    - clustermesh-apiserver.{{ .Release.Namespace }}.svc
    {{- range .Values.tls.server.extraDnsNames }}
    - {{ . | quote }}
    {{- end }}
  ipAddresses:
    - 127.0.0.1
    - "::1"
    {{- range .Values.tls.server.extraIpAddresses }}
    - {{ . | quote }}
    {{- end }}
- value: admin
  name: clustermesh-apiserver-admin-cert
  commonName: admin-{{ $cluster }}
{{- end }}
{{- if include "clustermesh.inMesh" . }}
- value: remote
  name: clustermesh-apiserver-remote-cert
  commonName: {{ if eq .Values.tls.authMode "cluster" }}remote-{{ $cluster }}{{ else }}remote{{ end }}
{{- end }}
{{- if include "clustermesh.kvstoremesh" . }}
- value: local
  name: clustermesh-apiserver-local-cert
  commonName: local-{{ $cluster }}
{{- end }}
{{- if .Values.externalWorkloads.enabled }}
- value: client
  name: clustermesh-apiserver-client-cert
  commonName: externalworkload
{{- end }}
{{- end }}

{{/* One secret of three files. Arguments: root, name, ca, cert, key (base64); optional annotations. */}}
{{- define "clustermesh.tlsSecret" -}}
---
apiVersion: v1
kind: Secret
metadata:
  {{- include "clustermesh.metadata" (dict "root" .root "name" .name "annotations" .annotations) | nindent 2 }}
type: kubernetes.io/tls
data:
  ca.crt: {{ .ca }}
  tls.crt: {{ .cert }}
  tls.key: {{ .key }}
{{ end }}
