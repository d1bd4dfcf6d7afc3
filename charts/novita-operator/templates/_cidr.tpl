{{/* The family of a CIDR and the bits of its prefix: `6:001` for 2000::/3. */}}
{{- define "novita-operator.prefix" -}}
{{- $address := first (splitList "/" .) -}}
{{- $bits := "" -}}
{{- if contains ":" $address -}}
{{- $halves := splitList "::" (lower $address) -}}
{{- $left := compact (splitList ":" (first $halves)) -}}
{{- $right := gt (len $halves) 1 | ternary (compact (splitList ":" (last $halves))) list -}}
{{- $zeros := list -}}
{{- range until (int (sub 8 (add (len $left) (len $right)))) -}}{{- $zeros = append $zeros "0" -}}{{- end -}}
{{- range concat $left $zeros $right -}}
{{- range splitList "" (printf "%4s" . | replace " " "0") -}}
{{- $digit := int (printf "0x%s" .) -}}
{{- range list 8 4 2 1 -}}{{- $bits = printf "%s%d" $bits (mod (div $digit .) 2) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- else -}}
{{- range splitList "." $address -}}
{{- $number := int . -}}
{{- range list 128 64 32 16 8 4 2 1 -}}{{- $bits = printf "%s%d" $bits (mod (div $number .) 2) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- printf "%s:%s" (contains ":" $address | ternary "6" "4") (trunc (int (last (splitList "/" .))) $bits) -}}
{{- end -}}

{{/* An ipBlock without what stays closed. Takes a list: CIDR, exceptions. Kubernetes takes only exceptions that are smaller
     than the CIDR and inside of it. */}}
{{- define "novita-operator.ipBlock" -}}
{{- $cidr := index . 0 -}}
{{- $outer := include "novita-operator.prefix" $cidr -}}
{{- $inside := list -}}
{{- range index . 1 -}}
{{- $inner := include "novita-operator.prefix" . -}}
{{- if and (hasPrefix $outer $inner) (ne $outer $inner) -}}{{- $inside = append $inside . -}}{{- end -}}
{{- end -}}
cidr: {{ $cidr | quote }}
{{- with $inside }}
except:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* What every pod that works in the cluster may reach: names, and the API server. Takes the context. */}}
{{- define "novita-operator.clusterEgress" -}}
{{- $policy := .Values.networkPolicy -}}
{{- /* No API server is there, whatever its addresses are: link-local networks, where clouds give out credentials. */ -}}
{{- $never := list "169.254.0.0/16" "168.63.129.16/32" "100.100.100.200/32" "192.0.0.0/24" "fe80::/10" "fd00:ec2::/32" "fd20:ce::/32" "fd00:42::/32" -}}
# Names
- ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
# The API server
- to:
    {{- range $policy.apiServerCIDRs }}
    - ipBlock:
        {{- include "novita-operator.ipBlock" (list . $never) | nindent 8 }}
    {{- end }}
  ports:
    {{- range $policy.apiServerPorts }}
    - {port: {{ include "novita-operator.plain" . }}, protocol: TCP}
    {{- end }}
{{- end -}}
