# The table of contents. Each line of work is a small script in dev/; `make` prints what there is.

.DEFAULT_GOAL := help
.PHONY: help run test lint format unit e2e docs conformance bench bench-quick clean

run: ## build, then the gateway with its example chat app (some minutes the first time; ARGS="…" for flags)
	@dev/setup run
	@bin=$$(dev/build release) && exec "$$bin" demo $(ARGS)

test: ## everything that must pass: lint, docs, unit, e2e (10 to 15 minutes the first time, then about 3)
	@dev/setup test
	@dev/lint
	@dev/docs
	@dev/unit
	@dev/e2e
	@dev/totals

lint: ## layout, licence headers, imports, house rules (seconds)
	@dev/lint

format: ## lay out all Swift code (seconds)
	@dev/format

unit: ## the Swift tests (some minutes the first time, then under a minute)
	@dev/setup run
	@dev/unit

e2e: ## a release build against real clients and apps (about 2 minutes after the build)
	@dev/setup test
	@dev/e2e

docs: ## dead links in the documents (seconds)
	@dev/docs

conformance: ## the WebSocket rules alone: wire tests, and raw sockets against the binary (a minute after the builds)
	@dev/setup test
	@dev/unit --filter HoldfastWireTests
	@dev/e2e -k "handshake or events or limits"

bench: ## all load figures, beside other gateways (about half an hour; leave the machine alone meanwhile)
	@dev/setup bench
	@dev/build release
	@Benchmarks/load/bench full

bench-quick: ## the same figures, shorter and rougher (about 2 minutes)
	@dev/setup bench
	@dev/build release
	@Benchmarks/load/bench quick

clean: ## remove builds and the Python environment (seconds)
	@dev/clean

help: ## this list
	@sed -nE 's/^([a-z0-9-]+):.*## (.*)/  make \1	\2/p' Makefile | expand -t 22
