GO ?= go
FUZZTIME ?= 100000x

# Built by the Go on this machine, into build/bin; go.mod does not know them.
LINTER = build/bin/golangci-lint-v2.12.2
RUNNER = build/bin/gotestsum-v1.13.0
$(LINTER): PACKAGE = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.12.2
$(RUNNER): PACKAGE = gotest.tools/gotestsum@v1.13.0

.PHONY: help demo build test unit race windows wine lint fmt fuzz bench golden traces peers clean

help: ## list the targets
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 10

demo: build ## record a real workload, replay it, compare the two
	@$(GO) build -o build/demo ./cmd/fsrec/internal/demo
	@testdata/demo/run build/fsrec build/demo

build: ## build/fsrec
	$(GO) build -o build/fsrec ./cmd/fsrec

test: peers wine lint unit race windows ## everything that must pass: lint, tests, tests under the race detector and on Windows, a short run of each fuzz target
	@.ci/fuzz 2000x
	@.ci/peers 

unit: $(RUNNER)
	@.ci/gotest $(RUNNER)

race: $(RUNNER) ## the tests under the race detector, long ones cut short
	@.ci/gotest $(RUNNER) -race -short

windows: wine $(RUNNER) ## the tests, built for Windows, under Wine
	@.ci/windows $(RUNNER)

wine: ## a Wine in build/wine to run Windows builds in
	@.ci/wine

peers:
	@.ci/peers

lint: $(LINTER) ## format, vet for every system, staticcheck, doc comments, import rules
	@.ci/lint $(LINTER)

fmt: ## format every file
	gofmt -w .

fuzz: ## each fuzz target for FUZZTIME (100000x; or a time such as 10m)
	@.ci/fuzz $(FUZZTIME)

bench: build ## benchmarks, and fsrec against inotifywait in one run
	$(GO) test -run '^$$' -bench . -benchmem ./...
	$(GO) run ./cmd/fsrec/internal/bench build/fsrec

golden: ## write the golden outputs of the verbs anew from what the code does now; read the difference before committing it
	UPDATE_GOLDEN=1 $(GO) test -count=1 ./cmd/fsrec
	@git diff --stat

traces: wine ## record testdata/traces/linux, twins and wine anew from the scenarios; read the difference before committing it
	@.ci/traces

clean: ## remove what was built
	rm -rf build

# Without a network this fails: what needs the tool then says that it is skipped.
build/bin/%:
	@echo "installing $(PACKAGE) into build/bin"
	@mkdir -p build/bin
	-@GOBIN=$(CURDIR)/build/bin GOFLAGS=-mod=mod $(GO) install $(PACKAGE)
	-@mv build/bin/$(firstword $(subst -v, ,$*)) $@
