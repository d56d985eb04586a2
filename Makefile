# `make demo` on a fresh machine shows it all; `make test` proves it. Python 3.11 or newer and make are enough.
# PORT= changes the port of `make demo` and `make run`.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
PY := .venv/bin/python
INSTALLED := .venv/.installed
INSTALLED_DEV := .venv/.installed-dev
PYTEST := $(PY) -m pytest -q -n auto --maxprocesses 4 --dist loadgroup
# The user's own database and queue are none of the tests' business.
NOBODYS := DATABASE_URL= REDIS_URL=
export PORT

.PHONY: demo run test check bench bench-detection format setup static

demo: $(INSTALLED)
	@scripts/system-programs.sh sshd ssh
	@$(PY) manage.py demo

run: $(INSTALLED) static
	@$(PY) manage.py migrate --no-input
	@exec $(PY) -m scmmon_site.serving

static: $(INSTALLED)
	@$(PY) manage.py collectstatic --no-input --verbosity 0

test: setup
	$(NOBODYS) $(PYTEST)
ifneq ($(TEST_DATABASE_URL),)
	$(NOBODYS) DATABASE_URL="$$TEST_DATABASE_URL" REDIS_URL="$$TEST_REDIS_URL" $(PYTEST) -m database
endif

check: $(INSTALLED_DEV)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy .
	.venv/bin/lint-imports
	.venv/bin/codespell
	$(PY) manage.py makemigrations --check --dry-run
	SCMMON_SITE_URL=https://scmmon.example.org ALLOWED_HOSTS=scmmon.example.org DEBUG=false \
		$(PY) manage.py check --deploy --fail-level WARNING

bench: $(INSTALLED)
	@scripts/system-programs.sh sshd ssh
	@$(PY) -m bench $(BENCH)

bench-detection: $(INSTALLED)
	@$(PY) -m bench.detection $(BENCH)

format: $(INSTALLED_DEV)
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

setup: $(INSTALLED_DEV)
	@scripts/system-programs.sh sshd ssh rsync svnadmin chromium

$(INSTALLED): requirements.txt
	@scripts/python-environment.sh "$(PYTHON)"
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(INSTALLED_DEV): $(INSTALLED) requirements-dev.txt
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
