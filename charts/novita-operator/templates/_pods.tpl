{{/* What the pods of operator, simulator and uninstall hook share. */}}

{{- define "novita-operator.placement" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- end -}}

{{/* The operator lets paid calls end and writes down their ids: its own grace, and half a minute for the rest. */}}
{{- define "novita-operator.graceSeconds" -}}
{{- add (div (int64 (default 45000 (default dict .Values.settings).shutdownGrace)) 1000) 30 -}}
{{- end -}}

{{/* A token that lives an hour and is renewed by the kubelet, mounted where every client looks for it. */}}
{{- define "novita-operator.tokenVolume" -}}
name: token
projected:
  defaultMode: 0444
  sources:
    - serviceAccountToken:
        path: token
        expirationSeconds: 3600
    - configMap:
        name: kube-root-ca.crt
        items:
          - {key: ca.crt, path: ca.crt}
    - downwardAPI:
        items:
          - path: namespace
            fieldRef: {apiVersion: v1, fieldPath: metadata.namespace}
{{- end -}}

{{- define "novita-operator.tokenMount" -}}
name: token
mountPath: /var/run/secrets/kubernetes.io/serviceaccount
readOnly: true
{{- end -}}

{{/* A value as an environment variable holds it; Helm reads numbers as floats, which would print as 3e+06. */}}
{{- define "novita-operator.plain" -}}
{{- if kindIs "float64" . -}}{{ int64 . }}{{- else -}}{{ . }}{{- end -}}
{{- end -}}

{{/* What the chart itself says to the operator; `novita-operator.check` keeps extraEnv from saying it again. */}}
{{- define "novita-operator.environment" -}}
{{- range $name, $value := default dict .Values.settings }}
{{- if not (or (kindIs "invalid" $value) (and $.Values.simulator.enabled (eq $name "novitaApiUrl"))) }}
- name: {{ $name | snakecase | upper }}
  value: {{ include "novita-operator.plain" $value | quote }}
{{- end }}
{{- end }}
{{- if .Values.simulator.enabled }}
- name: NOVITA_API_URL
  value: {{ printf "http://%s.%s.svc:8080" (include "novita-operator.serviceName" (list . "simulator")) .Release.Namespace | quote }}
{{- if not (hasKey (default dict .Values.settings) "allowPrivateEndpoints") }}
- name: ALLOW_PRIVATE_ENDPOINTS
  value: "true"
{{- end }}
{{- end }}
- name: OPERATOR_NAMESPACE
  valueFrom:
    fieldRef: {apiVersion: v1, fieldPath: metadata.namespace}
{{- with .Values.watchNamespaces }}
- name: WATCH_NAMESPACES
  value: {{ join "," . | quote }}
{{- end }}
{{- with .Values.className }}
- name: CLASS_NAME
  value: {{ . | quote }}
{{- end }}
{{- if .Values.account.create }}
- name: DEFAULT_ACCOUNT_SECRET
  value: {{ include "novita-operator.accountSecret" . | quote }}
- name: DEFAULT_ACCOUNT_SECRET_KEY
  value: {{ empty .Values.simulator.enabled | ternary .Values.account.secretKey "apiKey" | quote }}
{{- end }}
{{- with .Values.webhook }}
{{- if .secretName }}
- name: WEBHOOK_URL
  valueFrom:
    secretKeyRef: {name: {{ .secretName | quote }}, key: {{ .urlKey | quote }}}
- name: WEBHOOK_SECRET
  valueFrom:
    secretKeyRef: {name: {{ .secretName | quote }}, key: {{ .signingKey | quote }}, optional: true}
{{- end }}
{{- end }}
{{- if gt (int .Values.replicaCount) 1 }}
- name: LEADER_ELECTION
  value: "true"
- name: LEASE_NAME
  value: {{ include "novita-operator.fullname" . | quote }}
{{- end }}
{{- end -}}
