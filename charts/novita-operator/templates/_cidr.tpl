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
