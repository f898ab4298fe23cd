# The two commands of the README are `make run` and `make test`; each sets up what it needs.
CARGO ?= cargo
VENV  := .venv

.PHONY: run demo test jury bench fuzz hostile lint clean setup setup-build setup-bench

# A controller and four simulated devices, until Ctrl-C; a second run goes on where the first stopped.
run: setup-build
	$(CARGO) build --release --quiet --bin banyan
	@scripts/run

# The tour of the README, played without a person; fails when a step gives something else.
demo: setup-build
	$(CARGO) build --release --quiet --bin banyan
	@scripts/demo

test: setup
	@CARGO=$(CARGO) scripts/test $(CURDIR)/$(VENV)/bin/python

# Asks pyang and yanglint for their verdicts on all published modules again, and writes tests/jury/verdicts.tsv; then
# lets libyang and Banyan judge random data of random models.
jury: setup setup-bench
	$(VENV)/bin/python tests/jury/jury.py
	scripts/oracle jury 200 1

# Our own benchmarks; then Banyan beside libyang, which is built for it, on the published models if they are there.
bench: setup-bench
	$(CARGO) bench --workspace
	@scripts/oracle

# Feeds compiler, patterns, XPath, documents, edits and filters with mutations for FUZZ_SECONDS (60) each; fails on a finding.
fuzz:
	@scripts/setup fuzz
	@scripts/fuzz

# Hostile modules of four and twelve megabytes: fails when time grows faster than the text.
hostile: setup-build
	$(CARGO) build --release --quiet --bin banyan
	python3 tests/hostile/measure.py $${CARGO_TARGET_DIR:-target}/release/banyan

lint: setup-build
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings

clean:
	$(CARGO) clean
	rm -rf $(VENV) var

setup-build:
	@scripts/setup build

setup-bench:
	@scripts/setup bench

setup:
	@scripts/setup test
