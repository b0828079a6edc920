{{- define "sagewai.labels" -}}
app.kubernetes.io/name: sagewai
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- /* [root, name] */ -}}
{{- define "sagewai.image" -}}
{{- $root := index . 0 }}
{{- $tag := $root.Values.image.tag | default $root.Chart.AppVersion }}
{{- if eq $tag "latest" }}{{ fail "image.tag: name a release; `latest` is another one tomorrow" }}{{ end -}}
{{ $root.Values.image.registry }}{{ index . 1 }}:{{ $tag }}
{{- end }}

{{- define "sagewai.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .Values.podSecurity.user }}
  runAsGroup: {{ .Values.podSecurity.user }}
  fsGroup: {{ .Values.podSecurity.user }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: { type: RuntimeDefault }
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "sagewai.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  privileged: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end }}

{{- /* Environment from a map, by name; what is empty is left out. */ -}}
{{- define "sagewai.env" -}}
{{- range $name, $value := . }}
{{- if ne (toString $value) "" }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- /* The groups of servers: those of planeGroups, or one of all planes. */ -}}
{{- define "sagewai.groups" -}}
{{- $root := . }}
{{- $groups := list }}
{{- if .Values.planeGroups }}
{{- if not (has "fleet" (first .Values.planeGroups).planes) }}{{ fail "planeGroups: the first group is the one that workers reach: it must serve the plane fleet" }}{{ end }}
{{- range .Values.planeGroups }}
{{- $auto := merge (deepCopy (.autoscaling | default dict)) $root.Values.server.autoscaling }}
{{- $groups = append $groups (dict "name" (printf "%s-server-%s" $root.Release.Name .name) "planes" (join "," .planes) "paths" .paths "replicas" (.replicas | default $root.Values.server.replicas) "resources" (.resources | default $root.Values.server.resources) "autoscaling" $auto) }}
{{- end }}
{{- else }}
{{- $groups = append $groups (dict "name" (printf "%s-server" .Release.Name) "planes" .Values.server.planes "paths" (list "/") "replicas" .Values.server.replicas "resources" .Values.server.resources "autoscaling" .Values.server.autoscaling) }}
{{- end }}
{{- toYaml (dict "groups" $groups) }}
{{- end }}

{{- /* Where workers and the edge reach the server: its first group. */ -}}
{{- define "sagewai.serverUrl" -}}
http://{{ .Release.Name }}-server:8000
{{- end }}
