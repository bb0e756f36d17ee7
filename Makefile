# Each target wraps plain commands that also work by themselves in the activated environment.
.PHONY: setup lint test
SHELL := /bin/sh

setup: .venv/ready

.venv/ready: requirements.lock pyproject.toml
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Python 3.11 or newer is needed as python3' >&2; exit 1; }
	python3 -m venv .venv
	.venv/bin/python -m pip install --quiet --require-hashes -r requirements.lock
	.venv/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch .venv/ready

lint: setup
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m mypy

test: lint
	.venv/bin/python -m pytest
