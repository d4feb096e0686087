{{/*
Commands and arguments are those of Cilium 1.16's own chart, in its order: the original image runs with them as well, and a stock
installation can be compared line by line. CLUSTER_NAME and CLUSTER_ID come from the values, not from Cilium's ConfigMap.
*/}}

{{/* Every container starts like this. Arguments: root, name, command. */}}
{{- define "clustermesh.container" -}}
- name: {{ .name }}
  image: {{ include "clustermesh.image" .root }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  command: [{{ .command }}]
  terminationMessagePolicy: FallbackToLogsOnError
{{- end }}

{{/* How it ends. Arguments: securityContext; optional resources, lifecycle. */}}
{{- define "clustermesh.containerLimits" -}}
{{- with .resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .lifecycle }}
lifecycle:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .securityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Probes of a container. Arguments: port, values (with readinessProbe, livenessProbe, startupProbe). */}}
{{- define "clustermesh.probes" -}}
readinessProbe:
  httpGet:
    path: /readyz
    port: {{ .port }}
  {{- with .values.readinessProbe }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- range $kind := list "livenessProbe" "startupProbe" }}
{{- $probe := get $.values $kind }}
{{- if $probe.enabled }}
{{ $kind }}:
  httpGet:
    path: /livez
    port: {{ $.port }}
  {{- with omit $probe "enabled" }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* What both servers are told about the cluster. */}}
{{- define "clustermesh.identityArgs" -}}
- --cluster-name=$(CLUSTER_NAME)
- --cluster-id=$(CLUSTER_ID)
{{- end }}

{{- define "clustermesh.identityEnv" -}}
- name: CLUSTER_NAME
  value: {{ .Values.cluster.name | quote }}
- name: CLUSTER_ID
  value: {{ int .Values.cluster.id | quote }}
{{- end }}

{{/* The etcd client file: the image brings the one for the etcd beside it. */}}
{{- define "clustermesh.etcdConfigPath" -}}
{{- if .Values.externalEtcd.enabled -}}
/var/lib/cilium/external-etcd/config.yaml
{{- else -}}
/var/lib/cilium/etcd-config.yaml
{{- end -}}
{{- end }}

{{/* With a shared etcd only one replica may write; also during a rolling update, so whatever the number of replicas. Arguments: root, lease. */}}
{{- define "clustermesh.leaderElectionArgs" -}}
{{- if .root.Values.externalEtcd.enabled }}
- --leader-election
- --leader-election-namespace={{ .root.Release.Namespace }}
- --leader-election-lease-name={{ .lease }}
{{- end }}
{{- end }}

{{- define "clustermesh.etcdClientMounts" -}}
{{- if or (include "clustermesh.ownEtcd" .) .Values.externalEtcd.secretName }}
- name: etcd-admin-client
  mountPath: /var/lib/cilium/etcd-secrets
  readOnly: true
{{- end }}
{{- if .Values.externalEtcd.enabled }}
- name: external-etcd-config
  mountPath: /var/lib/cilium/external-etcd
  readOnly: true
{{- end }}
{{- end }}

{{- define "clustermesh.etcdInitContainer" -}}
{{- $init := .Values.etcd.init -}}
{{ include "clustermesh.container" (dict "root" . "name" "etcd-init" "command" "/usr/bin/clustermesh-apiserver") }}
  args:
    - etcdinit
    {{- if .Values.debug }}
    - --debug
    {{- end }}
    - --etcd-cluster-name=clustermesh-apiserver
    - --etcd-initial-cluster-token=$(INITIAL_CLUSTER_TOKEN)
    - --etcd-data-dir=/var/run/etcd
    {{- with $init.extraArgs }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  env:
    - name: CILIUM_CLUSTER_NAME
      value: {{ .Values.cluster.name | quote }}
    {{- include "clustermesh.initialClusterToken" . | nindent 4 }}
    {{- with $init.extraEnv }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumeMounts:
    - name: etcd-data-dir
      mountPath: /var/run/etcd
  {{- include "clustermesh.containerLimits" (dict "resources" $init.resources "securityContext" .Values.etcd.securityContext) | trim | nindent 2 }}
{{- end }}

{{/* The token seeds etcd's cluster id. A new pod must have a new one: remote clients take it as the sign to read everything again. */}}
{{- define "clustermesh.initialClusterToken" -}}
- name: INITIAL_CLUSTER_TOKEN
  valueFrom:
    fieldRef:
      fieldPath: metadata.uid
{{- end }}

{{- define "clustermesh.etcdContainer" -}}
{{- $metrics := include "clustermesh.metrics.etcd" . -}}
{{ include "clustermesh.container" (dict "root" . "name" "etcd" "command" "/usr/bin/etcd") }}
  args:
    - --data-dir=/var/run/etcd
    - --name=clustermesh-apiserver
    - --client-cert-auth
    - --trusted-ca-file=/var/lib/etcd-secrets/ca.crt
    - --cert-file=/var/lib/etcd-secrets/tls.crt
    - --key-file=/var/lib/etcd-secrets/tls.key
    {{- /* Brackets: the pod's address may be IPv6, and Go reads an IPv4 address in brackets too. */}}
    - --listen-client-urls=https://127.0.0.1:2379,https://[$(HOSTNAME_IP)]:2379
    - --advertise-client-urls=https://[$(HOSTNAME_IP)]:2379
    - --initial-cluster-token=$(INITIAL_CLUSTER_TOKEN)
    - --auto-compaction-retention=1
    {{- if $metrics }}
    - --listen-metrics-urls=http://[$(HOSTNAME_IP)]:{{ .Values.metrics.etcd.port }}
    - --metrics={{ .Values.metrics.etcd.mode }}
    {{- end }}
    {{- with .Values.etcd.extraArgs }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  env:
    - name: ETCDCTL_API
      value: "3"
    - name: HOSTNAME_IP
      valueFrom:
        fieldRef:
          fieldPath: status.podIP
    {{- include "clustermesh.initialClusterToken" . | nindent 4 }}
    {{- with .Values.etcd.extraEnv }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports:
    - name: etcd
      containerPort: 2379
      protocol: TCP
    {{- if $metrics }}
    - name: etcd-metrics
      containerPort: {{ .Values.metrics.etcd.port }}
      protocol: TCP
    {{- end }}
  volumeMounts:
    - name: etcd-server-secrets
      mountPath: /var/lib/etcd-secrets
      readOnly: true
    - name: etcd-data-dir
      mountPath: /var/run/etcd
  {{- include "clustermesh.containerLimits" .Values.etcd | trim | nindent 2 }}
{{- end }}

{{- define "clustermesh.apiserverContainer" -}}
{{ include "clustermesh.container" (dict "root" . "name" "apiserver" "command" "/usr/bin/clustermesh-apiserver") }}
  args:
    - clustermesh
    {{- if .Values.debug }}
    - --debug
    {{- end }}
    {{- include "clustermesh.identityArgs" . | nindent 4 }}
    - --kvstore-opt=etcd.config={{ include "clustermesh.etcdConfigPath" . }}
    - --kvstore-opt=etcd.qps=20
    - --kvstore-opt=etcd.bootstrapQps=10000
    - --max-connected-clusters={{ .Values.clustermesh.maxConnectedClusters }}
    - --health-port={{ .Values.healthPort }}
    {{- if include "clustermesh.usersFile" . }}
    - --cluster-users-enabled
    - --cluster-users-config-path=/var/lib/cilium/etcd-config/users.yaml
    {{- end }}
    - --enable-external-workloads={{ .Values.externalWorkloads.enabled }}
    {{- if include "clustermesh.metrics.apiserver" . }}
    - --prometheus-serve-addr=:{{ .Values.metrics.port }}
    - --controller-group-metrics=all
    {{- end }}
    {{- if not .Values.enableK8sEndpointSlice }}
    - --enable-k8s-endpoint-slice=false
    {{- end }}
    {{- with include "clustermesh.leaderElectionArgs" (dict "root" . "lease" "clustermesh-apiserver") | trim }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with .Values.extraArgs }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  env:
    {{- include "clustermesh.identityEnv" . | nindent 4 }}
    {{- with .Values.extraEnv }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports:
    - name: apiserv-health
      containerPort: {{ .Values.healthPort }}
      protocol: TCP
    {{- if include "clustermesh.metrics.apiserver" . }}
    - name: apiserv-metrics
      containerPort: {{ .Values.metrics.port }}
      protocol: TCP
    {{- end }}
  {{- include "clustermesh.probes" (dict "port" "apiserv-health" "values" .Values) | nindent 2 }}
  volumeMounts:
    {{- include "clustermesh.etcdClientMounts" . | trim | nindent 4 }}
    {{- if include "clustermesh.usersFile" . }}
    - name: etcd-users-config
      mountPath: /var/lib/cilium/etcd-config
      readOnly: true
    {{- end }}
    {{- with .Values.extraVolumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- include "clustermesh.containerLimits" .Values | trim | nindent 2 }}
{{- end }}

{{- define "clustermesh.kvstoremeshContainer" -}}
{{- $kvstoremesh := .Values.kvstoremesh -}}
{{ include "clustermesh.container" (dict "root" . "name" "kvstoremesh" "command" "/usr/bin/clustermesh-apiserver") }}
  args:
    - kvstoremesh
    {{- if .Values.debug }}
    - --debug
    {{- end }}
    {{- include "clustermesh.identityArgs" . | nindent 4 }}
    - --kvstore-opt=etcd.config={{ include "clustermesh.etcdConfigPath" . }}
    - --kvstore-opt=etcd.qps=100
    - --kvstore-opt=etcd.bootstrapQps=10000
    - --kvstore-opt=etcd.maxInflight=10
    - --clustermesh-config=/var/lib/cilium/clustermesh
    - --max-connected-clusters={{ .Values.clustermesh.maxConnectedClusters }}
    - --health-port={{ $kvstoremesh.healthPort }}
    {{- if include "clustermesh.metrics.kvstoremesh" . }}
    - --prometheus-serve-addr=:{{ .Values.metrics.kvstoremesh.port }}
    - --controller-group-metrics=all
    {{- end }}
    {{- with include "clustermesh.leaderElectionArgs" (dict "root" . "lease" "clustermesh-apiserver-kvstoremesh") | trim }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with $kvstoremesh.extraArgs }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  env:
    {{- include "clustermesh.identityEnv" . | nindent 4 }}
    {{- with $kvstoremesh.extraEnv }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports:
    - name: kvmesh-health
      containerPort: {{ $kvstoremesh.healthPort }}
      protocol: TCP
    {{- if include "clustermesh.metrics.kvstoremesh" . }}
    - name: kvmesh-metrics
      containerPort: {{ .Values.metrics.kvstoremesh.port }}
      protocol: TCP
    {{- end }}
  {{- include "clustermesh.probes" (dict "port" "kvmesh-health" "values" $kvstoremesh) | nindent 2 }}
  volumeMounts:
    {{- include "clustermesh.etcdClientMounts" . | trim | nindent 4 }}
    - name: kvstoremesh-secrets
      mountPath: /var/lib/cilium/clustermesh
      readOnly: true
    {{- with $kvstoremesh.extraVolumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- include "clustermesh.containerLimits" $kvstoremesh | trim | nindent 2 }}
{{- end }}
