.DEFAULT_GOAL := help
PYTHON := .venv/bin/python

.PHONY: up down test test-kubernetes check fmt lock clean help
up: ## deploy the stack `lab` on this machine and prove every pair with packets
	@scripts/setup lab
	@.venv/bin/podnet up

down: ## remove everything of the lab; keeps the virtual environment and the image
	@if [ -x .venv/bin/podnet ]; then .venv/bin/podnet down; else echo "no lab here: nothing was set up"; fi

test: ## run the whole test suite (the tiers this machine can run)
	@scripts/setup tests
	@$(PYTHON) -m pytest -q -n 2 -m "not lab and not cli and not cloud and not slow and not kubernetes"
	@$(PYTHON) -m pytest -q -n 2 --dist loadscope --no-loadscope-reorder -m "lab or cli or slow"

test-kubernetes: ## build the programs of a cluster, and run the tests with real clusters
	@scripts/setup kubernetes
	@$(PYTHON) -m lab.kubernetes
	@$(PYTHON) -m pytest -m kubernetes

check: ## lint, types, shell scripts, and that every test file is collected
	@scripts/setup tests
	@scripts/check

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
