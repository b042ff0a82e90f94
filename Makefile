# Everything a person runs by hand. Each line only calls bin/ or manage.py.
.PHONY: help run fresh test check format bench screenshots lock venv

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' Makefile

run: venv ## Everything on an embedded default; prints the address and the logins
	@exec .venv/bin/python manage.py demo

fresh: ## Throw the demo's data away; the next `make run` begins anew
	@rm -f var/demo.sqlite3* var/sandbox.sqlite3*

test: venv ## The suite on SQLite, on PostgreSQL and in a browser
	@bin/test

check: venv ## Format, lint, types, import walls, migrations, deploy check, lock, docs
	@bin/check

format: venv ## Put the code in order
	@.venv/bin/python -m ruff format . && .venv/bin/python -m ruff check --fix .

bench: venv ## One JSON line per figure with its limit; fails when one is missed
	@.venv/bin/python -m tests.benchmarks

screenshots: venv ## Pictures of every page and state, into docs/screenshots
	@.venv/bin/python -m tests.screenshots

lock: venv ## Write requirements.lock anew from pyproject.toml (UPGRADE=1 for newer ones)
	@bin/lock

venv:
	@bin/venv
