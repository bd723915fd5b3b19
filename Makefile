# Everything CI does, one target each. `make help` lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

# Tools are built at these versions into .tmp/bin, never into go.mod.
BUF_VERSION := v1.75.0
GOLANGCI_LINT_VERSION := v2.15.0
PROTOC_GEN_GO_GRPC_VERSION := v1.6.2
GRPC_GATEWAY_VERSION := v2.32.0

TMP := $(CURDIR)/.tmp
BIN := $(TMP)/bin
MODULES := $(shell git ls-files 'go.mod' '*/go.mod')
PROVIDER := internal/conformance/oidcprovider
ORACLE := internal/conformance/oauth4webapi
FUZZTIME ?= 30s
# What ends a stream is not part of grpc-go's promises, so that it is looked for in
# the oldest version that is supported, and in one between. The one of go.mod is
# what all tests run with; "latest" may be added to look ahead.
GRPC_VERSIONS ?= v1.75.0 v1.80.0

# race runs the tests of the module in a directory and keeps their whole output in
# a log: $(call race,directory,log). When one fails, what it said comes last, since
# the end is all that some places keep of a long output.
define race
mkdir -p $(TMP); \
BEARERKIT_CONFORMANCE=1 go -C $(1) test -race -shuffle=on -v ./... > $(TMP)/$(2).log 2>&1 \
	|| { grep -vE '^\s*(=== |--- PASS)' $(TMP)/$(2).log > $(TMP)/$(2).failed; \
		tail -n 400 $(TMP)/$(2).failed; echo "failed:"; \
		grep -E -B 6 -A 2 '^ *--- FAIL|DATA RACE|^panic:|^FAIL.*\[' $(TMP)/$(2).failed | head -n 20; \
		exit 1; }; \
grep -E '^(ok|FAIL|\?)' $(TMP)/$(2).log; \
echo "skipped tests: $$(grep -cE '^ *--- SKIP' $(TMP)/$(2).log || true)"; \
grep -E -B2 '^ *--- SKIP' $(TMP)/$(2).log || true
endef

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

.PHONY: ci
ci: test race nested canary lint checkgenerate breaking tidy-check fuzz-smoke quickstart ## Everything that must pass before a change lands

.PHONY: test
test: ## The tests, as the README says to run them
	go test ./...

.PHONY: race
race: $(PROVIDER)/node_modules/.package-lock.json $(ORACLE)/node_modules/.package-lock.json $(BIN)/buf-$(BUF_VERSION) ## The tests with the race detector and the real authorization server; lists what was skipped
	@$(call race,.,root)

.PHONY: nested
nested: ## The tests of the nested modules, with the race detector but for what measures
	@for m in $(filter-out go.mod bench/go.mod,$(MODULES)); do \
		echo "test $$m"; \
		$(call race,$$(dirname $$m),nested); \
	done
	go -C bench test ./...

.PHONY: canary
canary: ## Streams can be ended with every supported version of grpc-go
	@mkdir -p $(TMP); for v in $(GRPC_VERSIONS); do \
		cp go.mod $(TMP)/canary.mod; cp go.sum $(TMP)/canary.sum; \
		go get -modfile=$(TMP)/canary.mod google.golang.org/grpc@$$v; \
		go test -modfile=$(TMP)/canary.mod -count=1 -run '^TestCanary$$' ./grpcauth; \
	done

.PHONY: conformance
conformance: $(PROVIDER)/node_modules/.package-lock.json $(ORACLE)/node_modules/.package-lock.json ## Only the tests against the real authorization server
	BEARERKIT_CONFORMANCE=1 go test -race -count=1 -v ./internal/conformance/...

$(PROVIDER)/node_modules/.package-lock.json: $(PROVIDER)/package-lock.json
	npm --prefix $(PROVIDER) ci --no-audit --no-fund

$(ORACLE)/node_modules/.package-lock.json: $(ORACLE)/package-lock.json
	npm --prefix $(ORACLE) ci --no-audit --no-fund

.PHONY: quickstart
quickstart: ## The quickstart, which fails on any unexpected outcome
	go run ./examples/quickstart

.PHONY: lint
lint: $(BIN)/golangci-lint-$(GOLANGCI_LINT_VERSION) $(BIN)/buf-$(BUF_VERSION) ## go vet, golangci-lint and buf lint, in every module
	@for m in $(MODULES); do \
		echo "lint $$m"; \
		(cd $$(dirname $$m) && go vet ./... && GOARCH=386 go build ./... && $(BIN)/golangci-lint-$(GOLANGCI_LINT_VERSION) run ./...); \
	done
	$(BIN)/buf-$(BUF_VERSION) lint
	$(BIN)/buf-$(BUF_VERSION) format --diff --exit-code

.PHONY: generate
generate: $(BIN)/buf-$(BUF_VERSION) $(BIN)/protoc-gen-go-grpc-$(PROTOC_GEN_GO_GRPC_VERSION) $(BIN)/protoc-gen-grpc-gateway-$(GRPC_GATEWAY_VERSION) ## Generate Go from the .proto files
	GOBIN=$(BIN) go install google.golang.org/protobuf/cmd/protoc-gen-go connectrpc.com/connect/cmd/protoc-gen-connect-go
	ln -sf protoc-gen-go-grpc-$(PROTOC_GEN_GO_GRPC_VERSION) $(BIN)/protoc-gen-go-grpc
	ln -sf protoc-gen-grpc-gateway-$(GRPC_GATEWAY_VERSION) $(BIN)/protoc-gen-grpc-gateway
	PATH=$(BIN):$$PATH $(BIN)/buf-$(BUF_VERSION) generate
	PATH=$(BIN):$$PATH $(BIN)/buf-$(BUF_VERSION) generate --template internal/interop/buf.gen.yaml --path examples/widget

.PHONY: checkgenerate
checkgenerate: generate ## Generated code is what the .proto files say
	@changed=$$(git status --porcelain -- '*.pb.go' '*.connect.go' '*.pb.gw.go'); \
	if [ -n "$$changed" ]; then echo "generated code differs; run make generate and commit:"; echo "$$changed"; exit 1; fi

.PHONY: breaking
breaking: $(BIN)/buf-$(BUF_VERSION) ## The .proto files break nobody who used those of the commit before
	@if git rev-parse -q --verify HEAD~1:proto >/dev/null; then \
		$(BIN)/buf-$(BUF_VERSION) breaking --against '.git#ref=HEAD~1'; \
	else echo "no earlier .proto files to compare with"; fi

.PHONY: tidy-check
tidy-check: ## Every go.mod and go.sum is tidy
	@for m in $(MODULES); do echo "tidy $$m"; (cd $$(dirname $$m) && go mod tidy -diff); done

.PHONY: mutants
mutants: ## Remove every check once and see a test turn red (some minutes)
	go run ./internal/mutants

.PHONY: fuzz
fuzz: ## Every fuzz target for FUZZTIME (default 30s); one that go test ended too late, without a failing input, has not failed
	@grep -rlE '^func Fuzz' --include='*_test.go' . | sort | while read -r file; do \
		grep -oE '^func Fuzz[A-Za-z0-9]+' $$file | cut -d' ' -f2 | while read -r target; do \
			echo "fuzz $$target"; \
			out=$$(go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) ./$$(dirname $$file) 2>&1) && { echo "$$out" | tail -n 2; continue; }; \
			echo "$$out" | tail -n 40; \
			grep -q 'context deadline exceeded' <<< "$$out" && ! grep -q 'Failing input' <<< "$$out" || exit 1; \
		done; \
	done

.PHONY: fuzz-smoke
fuzz-smoke: ## Every fuzz target for five seconds
	@$(MAKE) fuzz FUZZTIME=5s

$(BIN)/buf-$(BUF_VERSION):
	GOBIN=$(BIN) go install github.com/bufbuild/buf/cmd/buf@$(BUF_VERSION)
	mv $(BIN)/buf $@

$(BIN)/golangci-lint-$(GOLANGCI_LINT_VERSION):
	GOBIN=$(BIN) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	mv $(BIN)/golangci-lint $@

$(BIN)/protoc-gen-grpc-gateway-$(GRPC_GATEWAY_VERSION):
	GOBIN=$(BIN) go install github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-grpc-gateway@$(GRPC_GATEWAY_VERSION)
	rm -f $@ && mv $(BIN)/protoc-gen-grpc-gateway $@

$(BIN)/protoc-gen-go-grpc-$(PROTOC_GEN_GO_GRPC_VERSION):
	GOBIN=$(BIN) go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@$(PROTOC_GEN_GO_GRPC_VERSION)
	rm -f $@ && mv $(BIN)/protoc-gen-go-grpc $@
