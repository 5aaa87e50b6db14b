.DEFAULT_GOAL := help
PYTHON := .venv/bin/python

.PHONY: setup up down test test-cli test-kubernetes test-long test-cloud test-kernel conformance check docs fmt lock clean help
setup: ## install what the lab and the tests need: Debian packages and .venv
	@scripts/setup tests

up: ## deploy the stack `lab` on this machine and verify every pair with packets
	@scripts/setup lab
	@.venv/bin/podnet up

down: ## remove everything of the lab; keeps the virtual environment and the image
	@if [ -x .venv/bin/podnet ]; then .venv/bin/podnet down; else echo "no lab here: nothing was set up"; fi

test: ## run the test suite (the tiers this machine can run)
	@scripts/setup tests
	@$(PYTHON) -m pytest -q -n 2 -m "not lab and not cli and not cloud and not slow and not kubernetes and not long and not kernel"
	@$(PYTHON) -m pytest -q -n 2 --dist loadscope --no-loadscope-reorder --durations=40 -m "(lab or cli or slow) and not long"

test-cli: ## build the Pulumi CLI and Kubernetes provider, once a user, and run the tests that need them
	@scripts/setup kubernetes
	@$(PYTHON) -m podnet.lab.images
	@$(PYTHON) -m podnet.lab.images.programs.pulumi kubernetes >/dev/null
	@folder=$$($(PYTHON) -m podnet.lab.images.programs.pulumi) && \
		PATH="$$folder:$$PATH" $(PYTHON) -m pytest --durations=0 -m "cli and not long"

test-kubernetes: ## build the programs of a cluster, and run the tests with real clusters; TESTS= for some of them
	@scripts/setup kubernetes
	@$(PYTHON) -m podnet.lab.images
	@$(PYTHON) -m pytest --durations=15 -m "kubernetes and not long" $(TESTS)

test-long: ## run the tests that take minutes each, outside CI; their last results are in docs/results
	@scripts/setup kubernetes
	@$(PYTHON) -m podnet.lab.images
	@$(PYTHON) -m pytest --durations=0 -m long

test-kernel: ## run the tests that need another kernel, outside CI; KERNEL=user-mode (the default) or debian
	@scripts/setup kernel
	@$(PYTHON) -m podnet.lab.images
	@$(PYTHON) -m pytest -rA --durations=0 -m kernel

conformance: ## run Kubernetes' own tests of NetworkPolicy in a cluster, outside CI; OPTIONS= as --routing=overlay
	@scripts/setup kubernetes
	@$(PYTHON) -m podnet.lab.images
	@$(PYTHON) -m podnet.lab.conformance $(OPTIONS)

test-cloud: ## spend money on AWS: the acceptance test; REGION= and CEILING= (USD), and OPTIONS=
	@if [ -z "$(REGION)" ] || [ -z "$(CEILING)" ]; then \
		echo "make test-cloud REGION=eu-central-1 CEILING=5 runs in an AWS account, for 5 USD at most" >&2; exit 2; fi
	@scripts/setup tests
	@$(PYTHON) -m podnet.acceptance run --region "$(REGION)" --ceiling "$(CEILING)" $(OPTIONS)

check: ## format, lint, layers, types, words, shell scripts, and that every test file is collected
	@scripts/setup tests
	@scripts/check

docs: ## build the site of the documents into docs/_build; a dead link fails
	@scripts/setup tests
	@scripts/docs

fmt: ## rewrite the code in the project's format
	@scripts/setup tests
	@$(PYTHON) -m ruff format . && $(PYTHON) -m ruff check --fix .

lock: ## pin what requirements*.in ask for, with hashes
	@scripts/setup tests
	@scripts/lock

clean: down ## remove the virtual environment and the image too
	@rm -rf .venv .image

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 18
