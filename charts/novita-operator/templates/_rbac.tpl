{{/* Rules come from files/rbac.yaml; `when` in a rule names one of these flags. */}}
{{- define "novita-operator.rbacFlags" -}}
createAccount: {{ .Values.account.create }}
clusterIdFromCluster: {{ empty (default dict .Values.settings).clusterId }}
namespaceSelectors: {{ .Values.rbac.namespaceSelectors }}
services: {{ .Values.rbac.services }}
uninstallDeletes: {{ eq .Values.uninstall.policy "Delete" }}
watchesSome: {{ not (empty .Values.watchNamespaces) }}
crdsGo: {{ and .Values.crds.install (not .Values.crds.keep) }}
{{- end -}}

{{/* Takes a list: context, name of a part of files/rbac.yaml. */}}
{{- define "novita-operator.rules" -}}
{{- $ctx := index . 0 -}}
{{- $flags := include "novita-operator.rbacFlags" $ctx | fromYaml -}}
{{- $rules := list -}}
{{- range index ($ctx.Files.Get "files/rbac.yaml" | fromYaml) (index . 1) -}}
{{- if or (not (hasKey . "when")) (index $flags (default "" .when)) -}}
{{- $rules = append $rules (omit . "when") -}}
{{- end -}}
{{- end -}}
{{- $watched := toJson (default list $ctx.Values.watchNamespaces) -}}
{{- toJson $rules | replace "$(fullname)" (include "novita-operator.fullname" $ctx) | replace "[\"$(watched)\"]" $watched | fromJsonArray | toYaml -}}
{{- end -}}

{{/* A role and its binding. Takes a dict: context, namespace ("" means the cluster), name, part, account, component. */}}
{{- define "novita-operator.grant" -}}
{{- $kind := empty .namespace | ternary "ClusterRole" "Role" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}
metadata:
  name: {{ .name | quote }}
  {{- with .namespace }}
  namespace: {{ . | quote }}
  {{- end }}
  labels:
    {{- include "novita-operator.labels" (list .context .component) | nindent 4 }}
  {{- with .annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
rules:
  {{- include "novita-operator.rules" (list .context .part) | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}Binding
metadata:
  name: {{ .name | quote }}
  {{- with .namespace }}
  namespace: {{ . | quote }}
  {{- end }}
  labels:
    {{- include "novita-operator.labels" (list .context .component) | nindent 4 }}
  {{- with .annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ $kind }}
  name: {{ .name | quote }}
subjects:
  - kind: ServiceAccount
    name: {{ .account | quote }}
    namespace: {{ .context.Release.Namespace | quote }}
{{- end -}}
