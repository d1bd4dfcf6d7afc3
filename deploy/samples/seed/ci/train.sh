#!/bin/sh
# One CI run with a GPU: apply, wait ten minutes at most, use it, and let it go whatever happens.
#   ./train.sh RUN_ID [kubectl options]
# lifetime.maxSeconds is the second net: an instance whose CI job was killed ends by itself.
set -eu
run=$1
shift
name=ci-training-$run
release() {
  kubectl "$@" delete gpui "$name" --ignore-not-found --timeout=10m
}
trap 'release "$@"' EXIT
trap 'exit 1' INT TERM
kubectl "$@" apply -f - <<YAML
apiVersion: gpu.novita.ai/v1alpha1
kind: GPUInstance
metadata:
  name: $name
  labels:
    ci-run: "$run"
spec:
  ${CI_ACCOUNT:+accountRef: {name: "$CI_ACCOUNT"}}
  productName: RTX 4090 24GB
  gpuCount: 2
  rootfsSizeGB: 200
  template:
    name: ${CI_TEMPLATE:-pytorch-training}
  lifetime:
    maxSeconds: 14400
    action: Delete
YAML
kubectl "$@" wait --for=condition=Ready "gpui/$name" --timeout="${CI_WAIT:-10m}"
ssh_command=$(kubectl "$@" get gpui "$name" -o 'jsonpath={.status.connection.ssh}')
echo "instance-id=$(kubectl "$@" get gpui "$name" -o 'jsonpath={.status.instanceId}')"
echo "training with: $ssh_command"
