# Every target does all its set-up itself. `make help` lists them.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
READY := .venv/.installed
CLUSTER ?= local
CONCURRENT ?= 3
TOTAL ?= 10
NODES ?= 0
IMAGE ?=
MACHINES ?=
ONLY ?=
UPGRADE ?=
# More flags for pytest: `make test AGAIN=--last-failed` runs what failed once more.
AGAIN ?=
# Tests wait most of the time, so that there are more workers than cores.
WORKERS ?= 6
CORES := $(shell nproc 2>/dev/null || echo 2)
# Clusters with pods beside each other, each with half of the files. A record is of one alone.
CLUSTERS ?= $(if $(RECORD),0,2)

# Every operator, simulator and worker of a run would compile all of its modules again.
unexport PYTHONDONTWRITEBYTECODE
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PYTHONPATH := $(CURDIR)/deploy/local:$(CURDIR)/charts/tools

##@ Try it
.PHONY: demo demo-up demo-down
demo: $(READY) ## The life of an instance and of a job, then everything down (CLUSTER=local|kind|current)
	@$(BIN)/python -m demo show --cluster $(CLUSTER)

demo-up: $(READY) ## The same things, kept running to play with (MACHINES=real: what specs say runs on this computer, with your rights)
	@$(BIN)/python -m demo up --cluster $(CLUSTER) $(if $(filter real,$(MACHINES)),--real-machines)

demo-down: $(READY) ## Stop what demo-up started, and leave nothing behind
	@$(BIN)/python -m demo down

.PHONY: load
load: $(READY) ## So many instances at a time, a report, nothing left (CONCURRENT=3 TOTAL=10)
	@$(BIN)/python -m demo load --cluster $(CLUSTER) --concurrent $(CONCURRENT) --total $(TOTAL)

.PHONY: cluster-up cluster-down
cluster-up: $(READY) ## A Kubernetes control plane of your own; NODES=1 (Linux, root) adds a node that runs pods, IMAGE=dist/image.tar an image for it
	@$(BIN)/python -m local_cluster up --nodes $(NODES) $(if $(IMAGE),--image $(IMAGE))

cluster-down: $(READY) ## Stop it; every object in it is forgotten
	@$(BIN)/python -m local_cluster down

##@ Test
.PHONY: test test-nodes unit cluster packaging faults binaries
test: binaries ## Everything: pure parts, client and simulator, operator on a real API server, chart
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --durations 10 --ignore tests/nodes --ignore tests/gitops $(AGAIN)

test-nodes: $(READY) ## The chart and the manifests in real pods (Linux, root); RECORD=1 writes what was seen into docs
	@$(BIN)/python -m local_cluster build --with helm --with node
	$(BIN)/python -m pytest tests/nodes --numprocesses $(CLUSTERS) --durations 15 $(AGAIN)

unit: $(READY) ## What needs no cluster
	$(BIN)/python -m pytest --numprocesses $(CORES) tests/unit tests/novita tests/simulator tests/probes

cluster: binaries ## The operator on a real API server, and the local control plane itself
	$(BIN)/python -m pytest --numprocesses $(WORKERS) tests/cluster tests/local

packaging: binaries ## Chart, kustomize, what is generated, alerts and dashboard
	$(BIN)/python -m pytest --numprocesses $(WORKERS) tests/packaging tests/monitoring

faults: binaries ## Break everything on purpose; the simulator's ledger judges (writes tests/faults/RESULTS.md)
	$(BIN)/python -m tests.faults run

OBJECTS ?= 200
MINUTES ?= 60
SEED ?= 1
.PHONY: soak
soak: binaries ## Many objects, accelerated days, everything at random, a checker at each second (OBJECTS=200 MINUTES=60 SEED=1; writes tests/soak/RESULTS.md)
	$(BIN)/python -m tests.soak --objects $(OBJECTS) --minutes $(MINUTES) --seed $(SEED)

.PHONY: dashboard-picture promtool
dashboard-picture: binaries ## Four minutes of a real run, drawn as the dashboard (writes docs/images/dashboard.png)
	$(BIN)/python -m tests.monitoring

promtool: $(READY) ## Let Prometheus' own promtool judge the tests of the alerts, too (minutes: it is built into your cache)
	@$(BIN)/python -m tests.monitoring.promtool

.PHONY: bench bench-large bench-neighbours bench-memory bench-jobs scale
bench: binaries ## Ours beside the operator of kopf's tutorial, on the same parts (writes tests/bench/RESULTS.md; an hour)
	$(BIN)/python -m tests.bench --sizes 100 1000

bench-large: binaries ## The same and ours with 10,000 objects
	$(BIN)/python -m tests.bench --sizes 100 1000 10000

bench-neighbours: binaries ## A tenant beside 500 objects of another that can never be Ready (writes tests/bench/neighbours/RESULTS.md; half an hour)
	$(BIN)/python -m tests.bench.neighbours

LARGEST ?= 1000
bench-memory: binaries ## The operator alone in 512 MiB amid so many of the largest objects (Linux, root, cgroups; LARGEST=1000; writes tests/bench/memory/RESULTS.md; an hour)
	$(BIN)/python -m tests.bench.memory --objects $(LARGEST)

AT_ONCE ?= 200
bench-jobs: binaries ## So many jobs at once on machines that are real, each with its own exit code (AT_ONCE=200; writes tests/bench/jobs/RESULTS.md)
	$(BIN)/python -m tests.bench.jobs --jobs $(AT_ONCE)

scale: binaries ## 100,000 instances of ten accounts in one process (writes tests/bench/SCALE.md)
	$(BIN)/python -m tests.bench.scale

.PHONY: test-gitops test-argocd
test-gitops: image ## Flux's own controllers with our samples, in a cluster with pods (Linux, root; the first run builds them)
	@$(BIN)/python -m local_cluster build --with helm --with node --with flux
	$(BIN)/python -m pytest tests/gitops/test_flux.py --durations 5 $(AGAIN)

test-argocd: image ## Argo CD's own controllers with our samples, likewise
	@$(BIN)/python -m local_cluster build --with helm --with node --with argocd
	$(BIN)/python -m pytest tests/gitops/test_argocd.py --durations 5 $(AGAIN)

.PHONY: test-oldest test-oldest-api
test-oldest: binaries ## Operator, chart and samples on older Kubernetes, each version (the first run builds them; an hour)
	@$(BIN)/python -m tests.oldest all --numprocesses $(WORKERS) $(AGAIN)

test-oldest-api: binaries ## What of these depends on the API server itself, on the oldest version alone
	@$(BIN)/python -m tests.oldest api --numprocesses $(WORKERS) $(AGAIN)

.PHONY: mutants
mutants: $(READY) ## Change what decides about money, one thing at a time: does a test see it? (ONLY=policies/drift.py; all: a quarter of an hour)
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements/mutants.txt
	@$(BIN)/python -m tests.mutants $(ONLY)

.PHONY: first-run
first-run: binaries ## A newcomer's `make demo`: empty cache, releases from loopback at 20 MB/s; fails above 90 s
	@$(BIN)/python -m tests.local.first_run

binaries: $(READY) ## Fetch or build etcd, kube-apiserver, kube-controller-manager, helm and PromQL's engine, once
	@$(BIN)/python -m local_cluster build --with helm
	@$(BIN)/python -m tests.monitoring.engine

##@ Quality
.PHONY: check format format-check lint types layers limits check-diff
check: format-check lint types layers limits check-diff ## Everything below but format; changes nothing

format: $(READY) ## Format the code
	$(BIN)/ruff format .

format-check: $(READY) ## Is the code formatted?
	$(BIN)/ruff format --check .

lint: $(READY) ## Lint
	$(BIN)/ruff check .

types: $(READY) ## Check types, strictly
	$(BIN)/mypy

layers: $(READY) ## Does every import point down (pyproject.toml, importlinter)?
	$(BIN)/lint-imports

limits: $(READY) ## Is every file at most 300 lines long, and every function 40?
	@$(BIN)/python -m tests.limits

check-diff: $(READY) ## Are crds/, chart, kustomize and docs/reference what the code says?
	$(BIN)/python -m novita_operator.api.crd crds --check
	$(BIN)/python -m chart_tools --check

##@ Generate
.PHONY: generate lock
generate: $(READY) ## Write crds/ from the models, and chart, kustomize and docs/reference from them
	$(BIN)/python -m novita_operator.api.crd crds
	$(BIN)/python -m chart_tools

lock: $(READY) ## Write requirements/*.txt anew; UPGRADE=1 takes the newest versions
	@requirements/lock $(if $(UPGRADE),--upgrade)

##@ Release
.PHONY: image
image: $(READY) ## The image as a file, dist/image.tar; by Docker or buildah, or from Debian packages (Linux, root)
	@$(BIN)/python -m container_image

.PHONY: release-manifests chart wheel
release-manifests: $(READY) generate ## Write dist/install.yaml and dist/crds.yaml, for those who use kubectl alone
	@mkdir -p dist
	kubectl kustomize deploy/default > dist/install.yaml
	kubectl kustomize crds > dist/crds.yaml

chart: binaries generate ## Lint the chart and pack it into dist/
	@mkdir -p dist
	helm=$$($(BIN)/python -m chart_tools.helm) && $$helm lint --strict charts/novita-operator && $$helm package charts/novita-operator -d dist

wheel: $(READY) ## Build the Python package (operator, simulator and plugin) into dist/, with the locked build backend
	@mkdir -p dist
	$(BIN)/python -m pip --disable-pip-version-check wheel --no-deps --no-build-isolation --wheel-dir dist .

##@ Clean
.PHONY: clean
clean: ## Stop what runs here, remove .venv and everything generated; built control planes stay in your cache
	@test ! -x $(BIN)/python || { $(BIN)/python -m demo down && $(BIN)/python -m local_cluster down; }
	rm -rf .venv .local dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml requirements/dev.txt requirements/install
	@requirements/install
