#!/bin/sh
# One CI run with a GPU: send the code, train, fetch the model, and let the machine go whatever happens.
#   ./train.sh RUN_ID [options of `kubectl novita run`]
# Run it in the folder with train.py, which writes model.safetensors. Its exit code is that of the training.
# A machine whose CI job was killed ends by itself, five minutes later.
set -eu
run=$1
shift
exec kubectl novita run \
  --name "ci-training-$run" \
  --gpu "RTX 4090 24GB" --count 2 --max-price "${CI_MAX_PRICE:-2.00}" --timeout 4h \
  --upload . --download model.safetensors \
  "$@" \
  -- "${CI_PYTHON:-python}" train.py
