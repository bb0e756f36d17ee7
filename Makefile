# Each target wraps plain commands that also work by themselves in the activated environment: `. tools/activate`.
.PHONY: setup tools-path lint test coverage up down bench docs
SHELL := /bin/sh
ACTIVATE := . tools/activate

# most modules of the clouds' SDKs are never imported: each is compiled when it first is, and kept
unexport PYTHONDONTWRITEBYTECODE
INSTALL := .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile

setup: .venv/ready

.venv/ready: requirements.lock pyproject.toml
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Python 3.11 or newer is needed as python3' >&2; exit 1; }
	python3 -m venv .venv
	$(INSTALL) --require-hashes -r requirements.lock
	$(INSTALL) --no-deps --no-build-isolation -e .
	@touch .venv/ready

# the clouds' SDKs and what the tests need, in the same environment: the lock of the tests has the versions of the other one
.venv/test-ready: requirements-test.lock .venv/ready
	$(INSTALL) --require-hashes -r requirements-test.lock
	@touch .venv/test-ready

tools-path:
	@echo "$$(pwd -P)/.venv/tools"

lint: .venv/test-ready
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m mypy

test: lint
	.venv/bin/python -m tools.setup test
	$(ACTIVATE) && python -m tools.tests

coverage: .venv/test-ready
	.venv/bin/python -m tools.setup test
	$(ACTIVATE) && python -m pytest -n 4 --dist worksteal --cov --cov-report=term:skip-covered

# the local stack holds no secret: its passphrase is empty, and its salt is in its file
up down: export PULUMI_CONFIG_PASSPHRASE ?=

up: setup
	.venv/bin/python -m tools.setup up
	$(ACTIVATE) && pulumi stack select --create local && pulumi up -s local --refresh --yes --skip-preview && k8s-audit verify --stack local

down: setup
	.venv/bin/python -m tools.setup up
	$(ACTIVATE) && python -m tools.down local

bench: .venv/test-ready
	.venv/bin/python -m tools.setup up
	$(ACTIVATE) && python -m benchmarks

docs: .venv/test-ready
	.venv/bin/python -m tools.reference
	.venv/bin/python -m sphinx -W --keep-going -q docs build/docs
