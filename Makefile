# The table of contents. Each line of work is a small script in dev/; `make` prints what there is.

.DEFAULT_GOAL := help
.PHONY: help run test lint format unit clients e2e docs conformance fuzz sanitize bench bench-quick bench-micro bench-check profile clean

run: ## build, then the gateway with its example chat app (some minutes the first time; ARGS="…" for flags)
	@dev/setup run
	@bin=$$(dev/build release) && exec "$$bin" demo $(ARGS)

test: ## everything that must pass: lint, docs, unit, clients, e2e, conformance (about 45 minutes the first time on two cores, then about 25)
	@dev/setup test
	@dev/lint
	@dev/docs
	@dev/unit
	@dev/clients
	@Benchmarks/load/check
	@dev/e2e
	@dev/e2e-cluster
	@dev/conformance quick
	@dev/conformance quick dialled
	@dev/conformance quick unsocket
	@dev/totals

lint: ## layout, licence headers, imports, house rules (seconds)
	@dev/lint

format: ## lay out all Swift code (seconds)
	@dev/format

unit: ## the Swift tests (some minutes the first time, then under a minute)
	@dev/setup run
	@dev/unit

clients: ## the unit tests of the libraries for apps in JavaScript and Python (seconds)
	@dev/setup test
	@dev/clients

e2e: ## a release build against real clients and apps, alone and as a cluster (about 20 minutes after the build)
	@dev/setup test
	@dev/e2e
	@dev/e2e-cluster

docs: ## dead links in the documents (seconds)
	@dev/docs

conformance: ## all 517 cases of the Autobahn testsuite, as clients and dialled (20 minutes and more after the build)
	@dev/setup test
	@dev/conformance full
	@dev/conformance full dialled

fuzz: ## two minutes of arbitrary bytes for whatever reads bytes (some minutes more the first time)
	@dev/setup run
	@dev/fuzz

sanitize: ## all tests on builds that watch memory and threads (about an hour the first time)
	@dev/setup test
	@dev/sanitize

bench: ## all load figures and targets, beside other gateways (about half an hour; leave the machine alone meanwhile)
	@dev/setup bench
	@dev/build release
	@Benchmarks/load/bench full

bench-quick: ## the most telling of these figures, rougher (about 2 minutes)
	@dev/setup bench
	@dev/build release
	@Benchmarks/load/bench quick

.PHONY: help run test lint format unit clients e2e docs conformance fuzz sanitize bench bench-quick bench-micro bench-check profile clean

clean: ## remove builds and the Python environment (seconds)
	@dev/clean

help: ## this list
	@sed -nE 's/^([a-z0-9-]+):.*## (.*)/  make \1	\2/p' Makefile | expand -t 22
