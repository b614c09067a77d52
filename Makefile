# The command runner: `make` lists the targets. Everything sets itself up; only Python, Make and Git are needed.

.DEFAULT_GOAL := help
.PHONY: help venv test lint types e2e scenarios nightly faults causes rules reference docs dist workflows up loop down doctor bundle bench lock clean moved
.SUFFIXES:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

ENV ?= dev
REPO ?= examples/musiccorp
ARGS ?=
OUTPUT ?= report
FAULTS ?= all
PY := .venv/bin/python
READY := .venv/complete
SERVICES := examples/musiccorp/services

# Runs one part, says what it is and how long it took: $(call part,name,command)
part = @printf '== %s\n' '$(1)'; began=$$(date +%s); $(2); code=$$?; \
	printf '== %s: %s in %s s\n' '$(1)' "$$([ $$code = 0 ] && echo passed || echo FAILED)" "$$(($$(date +%s) - began))"; exit $$code

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' Makefile

venv: $(READY) ## Make or update the virtual environment .venv from requirements.lock

# A folder that was moved or renamed needs a new environment.
ifneq ($(shell cat .venv/folder 2>/dev/null),$(CURDIR))
$(READY): moved
endif
$(READY): requirements.lock pyproject.toml bootstrap.sh
	@rm -f $(READY)
	@./bootstrap.sh
moved:

test: lint types ## Check style, types and import rules and run all fast tests (no Docker, no network)
	$(call part,tests,$(PY) -m pytest tests -n auto --junitxml $(OUTPUT)/junit-tests.xml)
	$(call part,tests of the example services,cd $(SERVICES) && "$(CURDIR)/$(PY)" -m pytest -c pyproject.toml -p no:gitops-harness --junitxml "$(CURDIR)/$(OUTPUT)/junit-services.xml")

lint: $(READY) ## Check style and import rules
	$(call part,style,$(PY) -m ruff check . && $(PY) -m ruff format --check .)
	$(call part,import rules,$(PY) -c "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_logo=True))")

types: $(READY) ## Check types (mypy --strict)
	$(call part,types,$(PY) -m mypy --strict -p harness -p airgap -p bench)

# The one place that says how scenarios are run; pytest's limit of 30 s per test is for tests/.
SCENARIOS = $(PY) -m pytest -W ignore::pytest.PytestUnraisableExceptionWarning --timeout 3600 --gitops-repo $(REPO) --gitops-env $(ENV) --gitops-output $(OUTPUT) \
	--gitops-kind-config kind-config.yaml \
	$(ARGS)

e2e: doctor-fix ## Deploy the example on a real cluster and prove it: ENV=dev, REPO=folder, ARGS=--gitops-keep
	$(SCENARIOS) --junitxml $(OUTPUT)/junit-e2e.xml scenarios/test_main_job.py

scenarios: doctor-fix ## Run the other scenarios on real clusters (bad input, life cycle): ARGS='-k name'
	$(SCENARIOS) -m "not nightly" --junitxml $(OUTPUT)/junit-scenarios.xml --ignore scenarios/test_main_job.py scenarios

nightly: doctor-fix ## Run the long scenarios (staging and prod, existing clusters, loop), 1 h: ARGS='-k name'
	$(SCENARIOS) -m nightly --junitxml $(OUTPUT)/junit-nightly.xml scenarios

faults: doctor-fix ## Deploy every fault and compare the verdicts, 1 h: FAULTS=all or parts of names
	GITOPS_FAULTS=$(FAULTS) $(SCENARIOS) --junitxml $(OUTPUT)/junit-faults.xml scenarios/test_faults.py

causes: $(READY) ## Write docs/reference/causes.md from the catalogue of causes
	@$(PY) -c "from harness.diagnosis.reference import causes_markdown; print(causes_markdown(), end='')" > docs/reference/causes.md

rules: $(READY) ## Write docs/reference/audit-rules.md from the catalogue of audit rules
	@$(PY) -c "from harness.audit.reference import rules_markdown; print(rules_markdown(), end='')" > docs/reference/audit-rules.md

reference: causes rules ## Write everything in docs/reference that is made from the code
	@$(PY) docs/reference.py

docs: $(READY) ## Build the documentation as a site into site/, without network; a warning is an error
	$(call part,documentation,NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict --quiet)

dist: $(READY) ## Build wheel and source distribution into dist/
	@rm -rf dist
	$(call part,distribution,$(PY) -m uv build --quiet --no-build-isolation --out-dir dist)

ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
workflows: ## Check the GitHub workflows with actionlint; needs Go and its module proxy
	$(call part,workflows,if command -v actionlint >/dev/null; then actionlint; else go run $(ACTIONLINT); fi)

.PHONY: doctor-fix
doctor-fix: $(READY)
	@$(PY) -m harness doctor --fix

up: doctor-fix ## Deploy the example and keep the cluster: ENV=dev, REPO=folder
	@$(PY) -m harness up --repo $(REPO) --env $(ENV) $(ARGS)

loop: doctor-fix ## Keep one cluster and give a verdict for every save of the tree: ENV=dev, REPO=folder
	@$(PY) -m harness loop --repo $(REPO) --env $(ENV) $(ARGS)

down: $(READY) ## Remove clusters and whatever killed runs left
	@$(PY) -m harness down $(ARGS)

doctor: $(READY) ## Say what this machine has and lacks: ARGS='--fix'
	@$(PY) -m harness doctor $(ARGS)

bundle: doctor-fix ## Pull or build the images and tools of the cluster
	@$(PY) -m harness bundle build $(ARGS)

bench: doctor-fix ## Measure the harness against other tools on a real cluster, for docs/benchmarks.md: ARGS='--part faults'
	@$(PY) -m harness bundle build && $(PY) -m bench $(ARGS)

lock: ## Resolve pyproject.toml and requirements.in into requirements.lock: ARGS=--upgrade
	@[ -x .venv/bin/uv ] || ./bootstrap.sh
	@UV_SYSTEM_CERTS=1 $(PY) -m uv pip compile pyproject.toml requirements.in --extra dev $(SERVICES)/requirements-test.in \
		$(foreach file,$(wildcard $(SERVICES)/*/requirements.txt),--constraints $(file)) --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate --quiet -o requirements.lock $(ARGS)
	@git --no-pager diff --stat requirements.lock

clean: ## Remove the virtual environment, caches and reports; the bundle cache stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache $(OUTPUT) dist build site
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
