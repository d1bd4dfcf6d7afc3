{{/* Names, labels and the image. */}}

{{- define "novita-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{/* 53 characters at most, so that suffixes such as `-uninstall` fit into the 63 of a label. Helm takes a release of the name
     `my.release`, and no Service may have a dot in its name. */}}
{{- define "novita-operator.fullname" -}}
{{- $name := include "novita-operator.name" . -}}
{{- $full := .Values.fullnameOverride -}}
{{- if not $full -}}
{{- $full = contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- end -}}
{{- regexReplaceAll "[._]" (lower $full) "-" | trunc 53 | trimAll "-" -}}
{{- end -}}

{{/* Takes a list: context, what it serves. Older Kubernetes takes no Service that begins with a digit: 1.31 does not. */}}
{{- define "novita-operator.serviceName" -}}
{{- $full := include "novita-operator.fullname" (index . 0) -}}
{{- if regexMatch "^[0-9]" $full -}}
{{- $full = printf "r-%s" $full | trunc 53 | trimSuffix "-" -}}
{{- end -}}
{{- printf "%s-%s" $full (index . 1) -}}
{{- end -}}

{{/* Cluster-scoped objects of two releases in two namespaces must not meet. */}}
{{- define "novita-operator.clusterName" -}}
{{- if eq .Release.Namespace "novita-system" -}}
{{- include "novita-operator.fullname" . -}}
{{- else -}}
{{- printf "%s-%s" .Release.Namespace (include "novita-operator.fullname" .) -}}
{{- end -}}
{{- end -}}

{{- define "novita-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "novita-operator.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* Takes a list: context, component. */}}
{{- define "novita-operator.selector" -}}
{{- $ctx := index . 0 -}}
app.kubernetes.io/name: {{ include "novita-operator.name" $ctx | quote }}
app.kubernetes.io/instance: {{ $ctx.Release.Name | quote }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Takes a list: context, component, and perhaps labels of this object alone. Users' labels lie over what only informs;
     those that selectors need are refused by `novita-operator.check`. */}}
{{- define "novita-operator.labels" -}}
{{- $ctx := index . 0 -}}
{{- $chart := printf "%s-%s" $ctx.Chart.Name $ctx.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" -}}
{{- $informing := dict
      "app.kubernetes.io/part-of" "novita-operator"
      "app.kubernetes.io/version" $ctx.Chart.AppVersion
      "app.kubernetes.io/managed-by" $ctx.Release.Service
      "helm.sh/chart" $chart -}}
{{- $selecting := include "novita-operator.selector" . | fromYaml -}}
{{- $here := dict -}}
{{- if gt (len .) 2 -}}{{- $here = index . 2 | default dict -}}{{- end -}}
{{- toYaml (merge $selecting $here (default dict $ctx.Values.commonLabels) $informing) -}}
{{- end -}}

{{- define "novita-operator.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "novita-operator.accountSecret" -}}
{{- if .Values.simulator.enabled -}}
{{- printf "%s-simulator-key" (include "novita-operator.fullname" .) -}}
{{- else -}}
{{- .Values.account.secretName -}}
{{- end -}}
{{- end -}}

{{/* What NOTES says about the account that the operator makes; only the operator knows its name where it has a class. */}}
{{- define "novita-operator.waitForAccount" -}}
{{- if .Values.className -}}
kubectl get novitaaccounts -o wide      # the one of CLASS {{ .Values.className }}; below, ACCOUNT is its name
kubectl wait --for=condition=Ready novitaaccount/ACCOUNT --timeout=2m
{{- else -}}
kubectl wait --for=create novitaaccount/default --timeout=3m
kubectl wait --for=condition=Ready novitaaccount/default --timeout=2m
{{- end -}}
{{- end -}}
