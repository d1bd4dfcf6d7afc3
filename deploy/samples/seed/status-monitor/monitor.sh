#!/bin/sh
# The status monitor of the REST gateway's examples: tells every transition of an instance, and ends when it is settled.
#   ./monitor.sh NAME [kubectl options, such as -n NAMESPACE]
# The API server tells of changes by itself, so that nothing is polled and nothing is missed between two polls.
set -eu
name=$1
shift
kubectl "$@" get gpui "$name" --watch --output-watch-events \
  -o 'custom-columns=PHASE:.object.status.phase,READY:.object.status.conditions[?(@.type=="Ready")].status,WHY:.object.status.conditions[?(@.type=="Ready")].message' &
watching=$!
trap 'kill "$watching" 2>/dev/null || true' EXIT INT TERM
if kubectl "$@" wait --for=condition=Ready "gpui/$name" --timeout=10m; then
  result=0
else
  kubectl "$@" get gpui "$name" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].message}{"\n"}'
  result=1
fi
echo "what happened:"
kubectl "$@" events --for "gpuinstance/$name" 2>/dev/null || kubectl "$@" get events --field-selector "involvedObject.name=$name"
exit "$result"
