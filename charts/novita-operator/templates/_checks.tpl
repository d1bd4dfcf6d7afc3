{{/* What no schema can say: refuses values that would quietly break the installation. */}}
{{- define "novita-operator.check" -}}
{{- include "novita-operator.checkLabels" . -}}
{{- include "novita-operator.checkEnvironment" . -}}
{{- if hasKey (default dict .Values.crds.annotations) "helm.sh/resource-policy" -}}
{{- fail "crds.annotations: helm.sh/resource-policy is written by crds.keep. Take it out, and set crds.keep." -}}
{{- end -}}
{{- if and (eq .Values.uninstall.policy "Delete") (ne .Values.uninstall.confirmation "delete-all-gpu-instances") -}}
{{- fail "uninstall.policy is Delete: every GPUInstance would be deleted. Set uninstall.confirmation to delete-all-gpu-instances to confirm, or use Retain." -}}
{{- end -}}
{{- end -}}

{{- define "novita-operator.checkLabels" -}}
{{- $metrics := .Values.metrics -}}
{{- $all := dict
      "commonLabels" .Values.commonLabels
      "podLabels" .Values.podLabels
      "metrics.serviceMonitor.labels" $metrics.serviceMonitor.labels
      "metrics.prometheusRule.labels" $metrics.prometheusRule.labels
      "metrics.dashboard.labels" $metrics.dashboard.labels -}}
{{- range $value, $labels := $all -}}
{{- range list "name" "instance" "component" "managed-by" -}}
{{- $label := printf "app.kubernetes.io/%s" . -}}
{{- if hasKey (default dict $labels) $label -}}
{{- fail (printf "%s: the chart sets the label %s itself, since Helm and selectors look for it. Take it out, or use another label." $value $label) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "novita-operator.checkEnvironment" -}}
{{- $own := list "WATCH_NAMESPACES" "CLASS_NAME" "LEADER_ELECTION" "LEASE_NAME" "HEALTH_HOST" "HEALTH_PORT" -}}
{{- range include "novita-operator.environment" . | trim | fromYamlArray -}}{{- $own = append $own .name -}}{{- end -}}
{{- range .Values.extraEnv -}}
{{- if has .name $own -}}
{{- fail (printf "extraEnv: the chart sets %s itself, from its values. Take it out, and change the value: the Roles and the uninstall hook follow values, and not the environment." .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
