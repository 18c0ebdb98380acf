# The commands of the project; `make help` lists them. Each one alone works on a bare machine (Debian, Python 3.11).

PYTHON ?= $(shell command -v python3.11 || command -v python3)
HOST ?= 127.0.0.1
PORT ?=

VENV := .venv
PY := $(VENV)/bin/python
MANAGE := $(PY) manage.py
PYTEST := $(PY) -m pytest
SERVICES := $(PY) -m tests.services --
INSTALL_PACKAGES := cdppe/deploy/install-packages.sh

# One environment, two levels: what the site needs to run, and the tools on top of it. A stamp is older than its
# lock only when the lock has changed: nothing is installed twice.
RUNTIME := $(VENV)/.runtime-installed
TOOLS := $(VENV)/.tools-installed

PDF_PACKAGES := libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fontconfig
# veraPDF runs on Java, with a library that Java no longer ships.
PDFCHECK_PACKAGES := $(PDF_PACKAGES) openjdk-17-jre-headless libjaxb-java
TEST_PACKAGES := $(PDFCHECK_PACKAGES) chromium postgresql redis-server poppler-utils

# What `check --deploy` looks at: production's settings, with keys made up on the spot.
PRODUCTION := DJANGO_ENV=production DEBUG=false ALLOWED_HOSTS=cdppe.example.org \
	PUBLIC_URL=https://cdppe.example.org CSRF_TRUSTED_ORIGINS= BEHIND_TLS_PROXY=true \
	DATABASE_URL=postgres://cdppe:check@localhost/cdppe REDIS_URL=redis://:check@localhost:6379/0 \
	EMAIL_URL=smtp+tls://cdppe:check@localhost:587 CLAMD_URL=tcp://localhost:3310 \
	SECRET_KEY="$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(60))')" \
	BANK_DATA_KEY="$$($(PY) -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())')"
# The commands below read no data: they need no database on the disk.
NO_DATABASE := DATABASE_URL=sqlite:///:memory: REDIS_URL=

.PHONY: help setup system system-pdf system-pdfcheck system-test run migrate demo test test-postgresql test-sqlite \
	pdfcheck check format bench screenshots lock release clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 24

# --- Installing ---------------------------------------------------------------------------------------------

setup: $(TOOLS) ## install Python's packages, tools included (nothing when it is done already)

system: system-test ## install the Debian packages of the site and of its tests (root), or say which are missing

system-pdf:
	@$(INSTALL_PACKAGES) $(PDF_PACKAGES)

system-pdfcheck:
	@$(INSTALL_PACKAGES) $(PDFCHECK_PACKAGES)

system-test:
	@$(INSTALL_PACKAGES) $(TEST_PACKAGES)

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo "Python 3.11 is needed: make PYTHON=/path/to/python3.11 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || $(INSTALL_PACKAGES) python3-venv
	$(PYTHON) -m venv $(VENV)

# uv, itself pinned by the lock, installs several times faster than pip; pip does it where uv does not run.
# Compiled at once, as pip does by itself: where Python writes no bytecode, each process would compile it all again.
define install_lock
	@sed -n '/^uv==/,/^ *# via/p' requirements-dev.lock > $(VENV)/uv.lock
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(VENV)/uv.lock
	$(VENV)/bin/uv pip install --quiet --python $(PY) --compile-bytecode --require-hashes --requirement $(1) || \
		$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(1)
endef

$(RUNTIME): requirements.lock | $(PY)
	$(call install_lock,requirements.lock)
	@touch $@

$(TOOLS): requirements-dev.lock requirements.lock | $(PY)
	$(call install_lock,requirements-dev.lock)
	@touch $(RUNTIME) $@

# --- Running ------------------------------------------------------------------------------------------------

migrate: $(RUNTIME)
	@$(MANAGE) migrate --verbosity 0

demo: system-pdf migrate ## load the reference and demonstration data into the embedded database (idempotent)
	$(MANAGE) loaddemo

run: demo ## everything on a bare machine: install, database, demonstration data, then serve the site
	@port="$(PORT)"; [ -n "$$port" ] || port=$$($(PY) cdppe/deploy/free_port.py $(HOST) 8000); \
	printf '\nThe site: http://%s:%s/  (demonstration accounts: the list above; Ctrl-C stops)\n\n' $(HOST) $$port; \
	$(MANAGE) export_journal_head >/dev/null; \
	PUBLIC_URL=http://$(HOST):$$port exec $(MANAGE) runserver $(HOST):$$port

release: $(RUNTIME) ## what a deployment without Docker runs before the processes of the Procfile
	$(MANAGE) migrate --noinput
	$(MANAGE) collectstatic --noinput --verbosity 0

# --- Testing ------------------------------------------------------------------------------------------------

test: setup system-test ## everything: check, the suite on PostgreSQL, Redis, a worker and Chromium, the suite on SQLite
	$(MAKE) --no-print-directory check
	$(MAKE) --no-print-directory test-postgresql
	$(MAKE) --no-print-directory test-sqlite

test-postgresql: setup system-test ## the whole suite on PostgreSQL and Redis (its own, or DATABASE_URL and REDIS_URL)
	$(SERVICES) sh -c '$(PYTEST) -n 2 -m "not fault" && $(PYTEST) -m fault'

test-sqlite: setup system-pdf ## the suite without browser and fault tests on SQLite, jobs inside the process
	DATABASE_URL= REDIS_URL= $(PYTEST) -n 2 -m "not browser and not fault and not postgres and not pdfcheck"

pdfcheck: setup system-pdfcheck ## have veraPDF say of the PDFs whether they are PDF/UA-1 and PDF/A-2a (in `test` too)
	DATABASE_URL= REDIS_URL= $(PYTEST) -m pdfcheck

check: setup ## format, lint, types, imports, templates, migrations, deployment
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/djlint templates --lint --quiet
	$(VENV)/bin/lint-imports --no-logo
	$(VENV)/bin/mypy
	$(NO_DATABASE) $(MANAGE) makemigrations --check --dry-run
	@$(PRODUCTION) $(MANAGE) check --deploy --fail-level WARNING

format: setup ## rewrite the Python files in the project's format
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

bench: setup system-test ## seconds, memory and queries of the PDF, the letters, the pages and the allocation
	$(SERVICES) $(PY) -m tests.bench

screenshots: setup system-test ## take the pictures of docs/screenshots again
	$(SERVICES) $(PY) -m tests.screenshots

# --- Keeping ------------------------------------------------------------------------------------------------

lock: setup ## resolve the newest versions that pyproject.toml accepts into the two lock files
	$(VENV)/bin/uv pip compile pyproject.toml --upgrade --generate-hashes --no-header --no-emit-index-url \
		--python-version 3.11 --quiet --output-file requirements.lock
	$(VENV)/bin/uv pip compile pyproject.toml --extra dev --constraint requirements.lock --upgrade --generate-hashes \
		--no-header --no-emit-index-url --python-version 3.11 --quiet --output-file requirements-dev.lock

clean: ## remove the environment and the embedded data
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
