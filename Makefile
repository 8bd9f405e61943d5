# Everything a person or CI calls. `make help` lists the targets.
SHELL    := /bin/sh
BINARY   := bin/cz-visa-monitor
VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
FUZZTIME ?= 30s
KILLS    ?= 5000
# A tool of bench-ui only: it is fetched there, and is in no test and no binary.
LIGHTHOUSE := 12.8.2

.DEFAULT_GOAL := help
.PHONY: help build run demo test check lint fmt bench bench-ui soak golden fuzz replica clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build the static binary, bin/cz-visa-monitor
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o $(BINARY) ./cmd/cz-visa-monitor

run: build ## Build and start the appliance, with the settings of .env
	sh deployment/install-deps.sh run
	$(BINARY) serve

demo: build ## Show the main job on http://localhost:8080, against a replica of the portal
	sh deployment/install-deps.sh demo
	$(BINARY) demo

test: ## Run every test, with the race detector; none is skipped
	sh deployment/install-deps.sh test
	go test -race -shuffle=on -timeout=20m ./...

check: lint test ## What a change must pass: lint, then test

lint: ## Check format, vet, lint and go.mod, without running tests
	go vet ./...
	go tool golangci-lint run
	go mod tidy -diff

fmt: ## Format the Go files as lint wants them
	go tool golangci-lint fmt

bench: ## Measure speed and memory, and print the table
	sh deployment/install-deps.sh test
	go run ./cmd/bench

bench-ui: ## Measure what the pages cost, with Chromium and Lighthouse, and print the table
	sh deployment/install-deps.sh test
	dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && \
		npm install --no-save --no-audit --no-fund --loglevel=error --prefix "$$dir" lighthouse@$(LIGHTHOUSE) && \
		BENCH_LIGHTHOUSE="$$dir/node_modules/.bin/lighthouse" go run ./cmd/bench ui

soak: ## Run the crash test for long: KILLS=5000
	sh deployment/install-deps.sh test
	CRASH_KILLS=$(KILLS) go test -count=1 -timeout=12h -v -run '^TestCrash' ./cmd/cz-visa-monitor

golden: ## Rewrite the golden files from what the code does now
	grep -rl --include='*_test.go' --exclude-dir=node_modules 'flag.Bool("update"' . | xargs -n1 dirname | sort -u | xargs -I{} go test {} -update

fuzz: ## Run every fuzz target for FUZZTIME=30s
	grep -ro --include='*_test.go' --exclude-dir=node_modules '^func Fuzz[A-Za-z0-9_]*' . | sed 's|/[^/]*:func | |' | \
		while read -r dir target; do go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$dir" || exit 1; done

replica: ## Rebuild the page of the portal's replica (needs node and npm)
	cd adapters/portal/portaltest/page && npm ci && npm run build

clean: ## Remove what the other targets made
	rm -rf bin
	go clean -testcache
