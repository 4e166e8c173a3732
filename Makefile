# One line a target; `make` alone prints them. CI runs `make check` and nothing else.
.DEFAULT_GOAL := help
.PHONY: help setup unit check fix soak bench lock
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest

help:  ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## make .venv from requirements.lock (PYTHON=... picks the interpreter)
	@bash scripts/setup.sh
	@bash scripts/assets.sh

unit: setup  ## set up and run the exercise (HEADLESS=1: no pages, exit status only)
	@$(BIN)/detente exercise $(if $(HEADLESS),--headless)

check: setup  ## format, lint, types, contracts, every test: the definition of done
	@bash scripts/setup-check.sh
	@bash scripts/peers.sh
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@bash scripts/own-scripts.sh
	@$(PYTEST) -n 2

fix: setup  ## format, and mend what can be mended without thought
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

soak: setup  ## the long runs: a million histories, a thousand kills (hours)
	@DETENTE_SOAK=1 $(PYTEST) -n 2 --timeout=0

bench: setup  ## the figures (NAME=... for one)
	@bash scripts/peers.sh
	@bash scripts/bench.sh $(NAME)

lock: setup  ## write requirements.lock anew, and look that every wheel exists
	@bash scripts/lock.sh
	@bash scripts/lock-peers.sh
	@bash scripts/check-lock.sh
