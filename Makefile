# klamm's commands. On a fresh machine `make dev` and `make test` do all set-up (Debian or Ubuntu; on macOS see CONTRIBUTING).
SHELL := /bin/bash
CARGO_TARGET_DIR ?= $(CURDIR)/target
export CARGO_TARGET_DIR
# One selection of packages and one profile for everything: RocksDB and Temporal's messages are then built once.
CARGO_BUILD = cargo build --release --workspace --all-targets
KLAMM_BIN ?= $(CARGO_TARGET_DIR)/release/klamm
export KLAMM_BIN
ARGS ?=

.PHONY: help dev build shipped wheel dist ui test check unit instructions fuzz integration parity parity-record bench setup setup-dist setup-test fresh fresh-setup fresh-packages

help: ## What there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 20

dev: setup ## Build klamm and run it with the embedded log on 127.0.0.1:7233 (ARGS='--in-memory' and so on)
	cargo build --release --workspace --bin klamm
	exec $(KLAMM_BIN) dev $(ARGS)

test: setup-test ## Install what the tests need and run them all
	$(MAKE) fresh-setup
	$(MAKE) check
	$(MAKE) unit
	$(MAKE) fresh-packages
	$(MAKE) instructions
	$(MAKE) integration
	$(MAKE) parity

check: ## Format, structure and lints
	cargo fmt --all --check
	python3 -m unittest discover scripts/structure
	python3 scripts/structure
	cargo clippy --release --workspace --all-targets -- -D warnings

build: ## klamm, and every test of the workspace
	$(CARGO_BUILD)

unit: build ## Tests in Rust (no example in a comment is one: rustdoc need not look for them); those of the Kafka log get a broker (KAFKA_BOOTSTRAP_SERVERS, else one is started)
	integration-tests/kafka run -- cargo test --release --workspace --all-targets --no-fail-fast

instructions: build ## Instructions per workflow on the pure path, against bench/instructions.json (ARGS='--update' writes it)
	bench/instructions $(ARGS)

fuzz: ## The fuzz targets for longer than in each run of the tests: five minutes each, several at once (KLAMM_FUZZ_SECONDS, KLAMM_FUZZ_SEED)
	KLAMM_FUZZ_SECONDS=$${KLAMM_FUZZ_SECONDS:-300} cargo test --release --workspace --test targets -- --nocapture

integration: build ## Real SDKs, the temporal CLI and kills (needs python3)
	integration-tests/run

parity: build ## The same scenarios as Temporal's server has answered, compared
	cd integration-tests/parity && ../../scripts/go test ./harness
	cd bench/go && ../../scripts/go test ./...
	integration-tests/parity/against-klamm

parity-record: ## Record the reference's answers anew (builds Temporal's server)
	integration-tests/parity/record

shipped: setup ## klamm as it ships, in target/dist: optimized over all crates at once (minutes more to build)
	cargo build --profile dist --workspace --bin klamm --bin klamm-bench-floor

wheel: setup-dist shipped ## klamm as it ships, in a wheel for pip and uvx (target/packages)
	python3 scripts/packages wheel --binary $(CARGO_TARGET_DIR)/dist/klamm --out $(CARGO_TARGET_DIR)/packages

dist: setup-dist shipped ## klamm as it ships, in all packages: the wheel, npm's, a tarball, with checksums and a list of what is in them (target/packages)
	python3 scripts/packages all --binary $(CARGO_TARGET_DIR)/dist/klamm --out $(CARGO_TARGET_DIR)/packages

ui: ## Build the web UI into ui/dist, which is checked in (needs Node.js 20.19 or newer)
	cd ui && npm install --no-audit --no-fund --loglevel=error && npx tsc --project . && npx vite build

bench: shipped ## Throughput, latency, CPU and memory (ARGS='--reference' runs Temporal beside it, ARGS='--quick')
	KLAMM_BIN=$(CARGO_TARGET_DIR)/dist/klamm bench/run $(ARGS)

setup: ## System packages and Rust, for building
	scripts/setup build

setup-dist: ## The same, and what packing needs
	scripts/setup dist

setup-test: ## The same, and what the tests need
	scripts/setup test

fresh-setup: ## Whether set-up brings all that is needed to a machine where nothing is installed (needs root and debootstrap, else skipped)
	scripts/fresh setup

fresh-packages: build ## Packages of the binary that the tests run, installed where nothing is: ready in 5 s, with the web UI (needs root and debootstrap, else skipped)
	scripts/fresh packages $(KLAMM_BIN)

fresh: ## The two commands, dev and test, whole, on a machine where nothing is installed (hours; ARGS='--variant bare')
	scripts/fresh whole $(ARGS)
