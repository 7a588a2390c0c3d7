# klamm's commands. On a fresh machine `make dev` and `make test` do all set-up (Debian or Ubuntu; on macOS see README).
SHELL := /bin/bash
CARGO_TARGET_DIR ?= $(CURDIR)/target
export CARGO_TARGET_DIR
# One selection of packages and one profile for everything: RocksDB and Temporal's messages are then built once.
CARGO_BUILD = cargo build --release --workspace --all-targets
KLAMM_BIN ?= $(CARGO_TARGET_DIR)/release/klamm
export KLAMM_BIN
ARGS ?=

.PHONY: help dev build test check unit integration parity parity-record bench setup setup-test

help: ## What there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 20

dev: setup ## Build klamm and run it with the embedded log on 127.0.0.1:7233 (ARGS='--in-memory' and so on)
	cargo build --release --workspace --bins
	exec $(KLAMM_BIN) dev $(ARGS)

test: setup-test ## Install what the tests need and run them all
	$(MAKE) check
	$(MAKE) unit
	$(MAKE) integration
	$(MAKE) parity

check: ## Format and lints
	cargo fmt --all --check
	cargo clippy --release --workspace --all-targets -- -D warnings

build: ## klamm, and every test of the workspace
	$(CARGO_BUILD)

unit: build ## Tests in Rust; those of the Kafka log get a broker (KAFKA_BOOTSTRAP_SERVERS, else one is started)
	integration-tests/kafka run -- cargo test --release --workspace

integration: build ## Real SDKs, the temporal CLI and kills (needs python3, go)
	integration-tests/run

parity: build ## The same scenarios as Temporal's server has answered, compared (needs go)
	cd integration-tests/parity && go test ./harness
	cd bench/go && go test ./...
	integration-tests/parity/against-klamm

parity-record: ## Record the reference's answers anew (builds Temporal's server)
	integration-tests/parity/record

bench: build ## Throughput, latency, CPU and memory (ARGS='--reference' runs Temporal beside it, ARGS='--quick')
	bench/run $(ARGS)

setup: ## System packages and Rust, for building
	scripts/setup build

setup-test: ## The same, and what the tests need
	scripts/setup test
