# Everything a contributor or CI runs. The work is in scripts/, which install what is missing on Debian 12.

PG ?=
server_pg = $(or $(PG),15)

.DEFAULT_GOAL := help
.PHONY: help demo test install server stop bench fmt lint postgres clean

help: ## This list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1 \2/p' Makefile | while read -r name text; do printf '  make %-10s %s\n' "$$name" "$$text"; done

demo: ## See it work: builds (the first time some ten minutes), starts a server of its own, shows tenants, compartments and encryption
	@scripts/install.sh $(server_pg)
	@PG=$(server_pg) scripts/demo.sh

test: ## All suites on PostgreSQL 15, then 17 and 18 as time allows; PG=15|17|18 for one
	@scripts/test.sh $(PG)

install: ## Build and install into PostgreSQL; PG=15|17|18
	@scripts/install.sh $(server_pg)

server: ## Start a development server that stays up and has a master key, print its URI; PG=15|17|18
	@scripts/server.sh start $(server_pg)

stop: ## Stop the development server; PG=15|17|18
	@scripts/server.sh stop $(server_pg)

bench: ## Measure; PG=15|17|18
	@scripts/install.sh $(server_pg)
	@PG=$(server_pg) bench/run.sh

fmt: ## Format the Rust sources
	@cargo fmt --all

lint: ## Formatting, clippy, rustdoc, shellcheck, licences
	@scripts/setup.sh
	@scripts/lint.sh

postgres: ## Build PostgreSQL 17 or 18 from Debian's sources; PG=17|18
	@scripts/setup.sh $(or $(PG),$(error say which one: make postgres PG=17))
	@scripts/pg-config.sh $(PG)

clean: ## Delete build results and scratch clusters; servers built from source stay
	@scripts/clean.sh
