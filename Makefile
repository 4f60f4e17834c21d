# akin: semantic product search. `make help` lists the targets.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help build dist model lambdas model-archive python demo docs services stop-services test web infra-test settings e2e-aws bench \
	fuzz fmt lint deny sanitize certificates images images-check archive bare-machine release-files plan deploy clean

CARGO ?= cargo
TARGET := $(or $(CARGO_TARGET_DIR),target)
AKIN := $(TARGET)/release/akin

help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# Fetches, verifies, packs and exports the default model with the given akin. Every build writes the same bytes.
define set_up_model
	tools/model.sh
	$(1) model pack
	$(1) model export --if-missing --precision fp32
	$(1) model export --if-missing --precision int8
endef

build: ## release binaries in target/release
	$(CARGO) build --release --locked --bins

dist: ## binaries to ship in target/dist, optimized across crates; slower to build
	AKIN_COMMIT=$$(tools/commit.sh) $(CARGO) build --profile dist --locked --bins

model: build ## fetch, verify, pack and export the model where akin finds it by default
	$(call set_up_model,$(AKIN))

lambdas: model ## pack the functions of AWS Lambda in .cache/lambda
	tools/lambdas.sh

model-archive: model ## pack the model of an embedding endpoint in .cache/lambda
	tools/model_archive.sh

certificates: ## fetch the certificates of Amazon RDS for packages and images
	tools/certificates.sh

IMAGES_TAG ?= latest

images: dist ## build the images akin/akin and akin/endpoint, and those of the functions that `make lambdas` packed
	$(call set_up_model,$(TARGET)/dist/akin)
	tools/images.sh contexts
	tools/images.sh build $(IMAGES_TAG)

images-check: dist ## build the images without a daemon, start them, and search
	$(call set_up_model,$(TARGET)/dist/akin)
	tools/images.sh check

archive: dist ## pack the release for this kind of machine in .cache/release
	tools/archive.sh

bare-machine: archive ## unpack that release in a new root file system, and search; needs root and Debian
	tools/bare_machine.sh .cache/release/akin-*.tar.gz

release-files: ## put the files of a release together in .cache/release/files
	tools/release_files.sh

plan: ## show what Terraform would change in the deployment AKIN_DEPLOYMENT
	tools/deploy.sh plan

deploy: ## apply the plan with the digest AKIN_PLAN_DIGEST, and migrate the databases
	tools/deploy.sh apply

python: ## install the reference packages for exported models in .cache/venv
	tools/python.sh

demo: model ## ingest the sample catalogue and serve the page on http://127.0.0.1:8080
	$(AKIN) ingest --data .cache/demo --currency INR data/catalogue.csv
	$(AKIN) serve --data .cache/demo --images data/images --listen 127.0.0.1:8080

services: ## start the servers for tests, leave them running, print settings to eval
	@tools/services.sh start

stop-services: ## stop the servers that `make services` started
	@tools/services.sh stop

test: python ## set up everything that tests need, including real servers, and run every test
	$(CARGO) test --locked --workspace --no-run
	tools/environment.py $(TARGET)/debug
	$(call set_up_model,$(TARGET)/debug/akin)
	tools/with-services.sh bash -c 'tools/run_tests.py --include-ignored && tools/test-each-cpu.sh && tools/embedding-clients.sh'
	tools/web.sh test $(TARGET)/debug/akin
	python3 tools/check_data.py

settings: ## write docs/settings.md, by what the programs read
	$(CARGO) build --locked --bins
	tools/environment.py --write $(TARGET)/debug

web: ## build the page in web/ and the client of the API (Node.js 20.19 or later); the results are committed
	tools/web.sh build

e2e-aws: ## run the functions of AWS Lambda between real servers and an emulated AWS, and list what is shown
	$(CARGO) test --locked --workspace --no-run
	$(call set_up_model,$(TARGET)/debug/akin)
	tools/with-services.sh $(CARGO) test --locked --workspace --test it functions:: -- --include-ignored --nocapture \
		--test-threads 1

infra-test: ## check the Terraform of infra/ without an account: its format, types, tests and policy
	tools/infra.sh

bench: model ## compare akin with its peers in one run
	bench/run

FUZZ_RUNS ?= 10000000

fuzz: ## fuzz every parser with FUZZ_RUNS generated inputs (default: 10 million)
	fuzz/run --runs $(FUZZ_RUNS)

docs: ## build the documentation as a site in .cache/docs, check its links, and run its commands
	$(CARGO) build --locked --bin akin
	$(call set_up_model,$(TARGET)/debug/akin)
	tools/docs.py
	tools/docs_commands.py $(TARGET)/debug/akin

fmt: ## format the code
	$(CARGO) fmt --all

lint: ## check spelling, workflows, Dockerfiles, units, format, lints and documentation
	tools/typos.sh
	tools/lint_deployments.sh
	tools/web.sh lint
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --document-private-items

deny: ## check licenses, sources, advisories, and which crate may use which dependency
	tools/cargo-deny.sh check bans licenses sources
	tools/advisories.sh
	tools/advisories.sh prove

sanitize: ## run the tests of the unsafe code under the address sanitizer
	tools/sanitize.sh

clean: ## remove build results; keep downloads
	$(CARGO) clean
	rm -rf .cache/demo
