{{/* Annotations of what a hook needs before it runs. Takes the name of the hook. */}}
{{- define "novita-operator.hookFirst" -}}
helm.sh/hook: {{ . }}
helm.sh/hook-weight: "-10"
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}

{{/* Who the hook is: an account of its own, or the operator's where the chart makes none. Takes a list: context, suffix. */}}
{{- define "novita-operator.hookAccountName" -}}
{{- $ctx := index . 0 -}}
{{- if $ctx.Values.serviceAccount.create -}}
{{- printf "%s-%s" (include "novita-operator.fullname" $ctx) (index . 1) -}}
{{- else -}}
{{- include "novita-operator.serviceAccountName" $ctx -}}
{{- end -}}
{{- end -}}

{{/* Takes a list: context, suffix (the component, too), annotations. */}}
{{- define "novita-operator.hookAccount" -}}
{{- $ctx := index . 0 -}}
{{- if $ctx.Values.serviceAccount.create -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "novita-operator.hookAccountName" . | quote }}
  namespace: {{ $ctx.Release.Namespace | quote }}
  labels:
    {{- include "novita-operator.labels" (list $ctx (index . 1)) | nindent 4 }}
  annotations:
    {{- toYaml (index . 2) | nindent 4 }}
automountServiceAccountToken: false
{{- end -}}
{{- end -}}
