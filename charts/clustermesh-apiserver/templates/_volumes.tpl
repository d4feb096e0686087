{{/* A volume with tls.crt, tls.key and ca.crt, the last from the CA bundle if there is one. Arguments: root, name, secret. */}}
{{- define "clustermesh.tlsVolume" -}}
{{- $bundle := .root.Values.tls.caBundle -}}
- name: {{ .name }}
  projected:
    # 0400
    defaultMode: 256
    sources:
      - secret:
          name: {{ .secret }}
          items:
            - {key: tls.key, path: tls.key}
            - {key: tls.crt, path: tls.crt}
            {{- if not $bundle.enabled }}
            - {key: ca.crt, path: ca.crt}
            {{- end }}
      {{- if $bundle.enabled }}
      {{- include "clustermesh.caBundleSource" (dict "bundle" $bundle "path" "ca.crt") | nindent 6 }}
      {{- end }}
{{- end }}

{{- define "clustermesh.caBundleSource" -}}
- {{ ternary "secret" "configMap" .bundle.useSecret }}:
    name: {{ .bundle.name }}
    items:
      - {key: {{ .bundle.key | quote }}, path: {{ .path }}}
{{- end }}

{{- define "clustermesh.volumes" -}}
{{- $bundle := .Values.tls.caBundle -}}
{{- if include "clustermesh.ownEtcd" . }}
{{ include "clustermesh.tlsVolume" (dict "root" . "name" "etcd-server-secrets" "secret" "clustermesh-apiserver-server-cert") }}
{{ include "clustermesh.tlsVolume" (dict "root" . "name" "etcd-admin-client" "secret" "clustermesh-apiserver-admin-cert") }}
- name: etcd-data-dir
  {{- $memory := eq .Values.etcd.storageMedium "Memory" }}
  {{- if or $memory .Values.etcd.sizeLimit }}
  emptyDir:
    {{- if $memory }}
    medium: Memory
    {{- end }}
    {{- with .Values.etcd.sizeLimit }}
    sizeLimit: {{ . }}
    {{- end }}
  {{- else }}
  emptyDir: {}
  {{- end }}
{{- else }}
- name: external-etcd-config
  configMap:
    name: clustermesh-apiserver-external-etcd
    # 0400
    defaultMode: 256
{{- with .Values.externalEtcd.secretName }}
- name: etcd-admin-client
  secret:
    secretName: {{ . }}
    # 0400
    defaultMode: 256
{{- end }}
{{- end }}
{{- if include "clustermesh.usersFile" . }}
- name: etcd-users-config
  configMap:
    name: clustermesh-remote-users
    # 0400
    defaultMode: 256
{{- end }}
{{- if include "clustermesh.kvstoremesh" . }}
- name: kvstoremesh-secrets
  projected:
    # 0400
    defaultMode: 256
    sources:
      - secret:
          name: cilium-kvstoremesh
          # Optional: there may be no other cluster yet.
          optional: true
      - secret:
          name: clustermesh-apiserver-remote-cert
          optional: true
          items:
            - {key: tls.key, path: common-etcd-client.key}
            - {key: tls.crt, path: common-etcd-client.crt}
            {{- if not $bundle.enabled }}
            - {key: ca.crt, path: common-etcd-client-ca.crt}
            {{- end }}
      {{- if $bundle.enabled }}
      {{- include "clustermesh.caBundleSource" (dict "bundle" $bundle "path" "common-etcd-client-ca.crt") | nindent 6 }}
      {{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
