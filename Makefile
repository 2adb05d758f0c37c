# The only entry to building, testing and running. Everything else is Go.
GO            ?= go
GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUZZTIME      ?= 30s
BENCHTIME     ?= 2s
COMPOSE_SPEC  := github.com/compose-spec/compose-go/v2/cmd@v2.9.0
ACTIONLINT    := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
IMAGE         ?= tollgate:dev
KONG_IMAGE    ?= kong:3.9.3

# What the binary and the image say of themselves.
VERSION  ?= $(or $(shell git describe --tags --always --dirty 2>/dev/null),devel)
REVISION ?= $(shell git rev-parse HEAD 2>/dev/null)
CREATED  ?= $(shell git log -1 --format=%cI 2>/dev/null)
LDFLAGS   = -X tollgate/pluginserver/build.version=$(VERSION) -X tollgate/pluginserver/build.revision=$(REVISION) -X tollgate/pluginserver/build.created=$(CREATED)

# Debian puts haproxy and nginx where an ordinary user's PATH does not lead.
export PATH := $(PATH):/usr/sbin

RACE         := $(if $(shell test "$$($(GO) env CGO_ENABLED)" = 1 && command -v $$($(GO) env CC)),-race)
REDIS_SERVER := $(shell command -v redis-server)
TOOLS        := haproxy nginx tclsh prometheus promtool faketime curl jq openssl
# REQUIRE_ALL=1 makes a failure of what would be left out.
REQUIRE_ALL ?=
left_out = $(if $(1),:,echo "left out: $(2)"$(if $(REQUIRE_ALL),; exit 1))

.DEFAULT_GOAL := help
.PHONY: help run tour faults test lint bench bench-kong scale fuzz image image-check up down build deploy-check

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## a gateway with the three plugins, Redis, an issuer and an upstream, until Ctrl-C (GATEWAY=kong for a kong on the PATH)
	@$(GO) build -o bin/sandbox ./test/sandbox/cmd && exec bin/sandbox run # go run would end with 1 at Ctrl-C

tour: ## walk through the sandbox and show each request and its answer (TOUR_URL and TOUR_ISSUER for one that runs)
	@$(GO) build -o bin/sandbox ./test/sandbox/cmd && exec bin/sandbox tour $(TOUR_URL) $(TOUR_ISSUER)

faults: ## a sandbox with all that kong/TROUBLESHOOTING.md is about, until Ctrl-C (GATEWAY=kong for a kong on the PATH)
	@$(GO) test -c -o bin/faults ./test/guides && cd test/guides && TOLLGATE_FAULTS=1 exec ../../bin/faults -test.run '^TestServeTheFaults$$'

test: ## every test, shuffled; on redis-server and with the race detector where they can be had
	@$(call left_out,$(RACE),the race detector (no C compiler))
	@$(call left_out,$(REDIS_SERVER),the tests on a real redis-server (none on the PATH))
	@$(foreach tool,$(TOOLS),$(call left_out,$(shell PATH="$(PATH)"; command -v $(tool)),the tests that run $(tool) (none on the PATH)); )
	@TOLLGATE_REQUIRE_REDIS=$(if $(REQUIRE_ALL),1) TOLLGATE_REQUIRE_TOOLS=$(if $(REQUIRE_ALL),1) $(GO) test $(RACE) -shuffle=on -timeout 5m ./...

lint: ## golangci-lint, the compose files against their specification, the workflow with actionlint; all pinned
	$(GO) mod tidy -diff
	$(GO) run $(GOLANGCI_LINT) run ./...
	$(GO) run $(COMPOSE_SPEC) docker-compose.yml >/dev/null
	$(GO) run $(COMPOSE_SPEC) docker-compose.yml docker-compose.sidecar.yml >/dev/null
	$(GO) run $(ACTIONLINT)

bench: ## benchmarks, the plugin server beside go-pdk's stock server among them
	$(GO) test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./...

bench-kong: ## a real Kong with and without the plugins, into test/BENCH.md (needs kong, redis-server, wrk and nginx; 8 minutes)
	$(GO) run ./test/benchkong

scale: ## what a request costs Redis and the plugin server at 1, 1,000 and 1,000,000 consumers (test/SCALE.md)
	TOLLGATE_SCALE=$(if $(SCALE),$(abspath $(SCALE)),1) $(GO) test -count=1 -v -timeout 45m -run 'TestScale$(if $(RUN),/$(RUN))' ./test/scale

fuzz: ## each fuzz target for FUZZTIME (default 30s)
	@set -e; grep -rHo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | sed 's/:func /:/' | \
	while IFS=: read -r file name; do \
		echo "$$name in $$(dirname $$file)"; \
		$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) $$(dirname $$file); \
	done

image: ## the Kong image with the plugins (KONG_IMAGE, IMAGE, VERSION)
	docker build --build-arg KONG_IMAGE=$(KONG_IMAGE) --build-arg VERSION=$(VERSION) --build-arg REVISION=$(REVISION) \
		--build-arg CREATED=$(CREATED) --tag $(IMAGE) .

image-check: ## build the image without a daemon and run it: buildah, as root; KONG_DIR takes a real Kong into it
	@TOLLGATE_IMAGE_CHECK=1 TOLLGATE_REQUIRE_TOOLS=$(if $(REQUIRE_ALL),1) $(GO) test -count=1 -v -timeout 15m ./test/image/check

up: ## the compose file: Kong's image with the plugins, Redis, an issuer, an upstream, Prometheus, Grafana
	IMAGE=$(IMAGE) KONG_IMAGE=$(KONG_IMAGE) VERSION=$(VERSION) REVISION=$(REVISION) CREATED=$(CREATED) docker compose build kong issuer
	IMAGE=$(IMAGE) docker compose up --detach --wait
	@echo "Kong http://127.0.0.1:8000, its Admin API http://127.0.0.1:8001, Grafana http://127.0.0.1:3000, Prometheus http://127.0.0.1:9090"

down: ## end what make up started, and remove its volumes
	IMAGE=$(IMAGE) docker compose down --volumes --remove-orphans

build: ## bin/pluginserver, static
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "$(LDFLAGS)" -o bin/pluginserver ./pluginserver

# decK is a program and no library here, so its module is one of its own, with the versions that it was released with.
bin/deck: test/tools/deck/go.mod test/tools/deck/go.sum
	$(GO) build -C test/tools/deck -ldflags '-s -w' -o $(CURDIR)/bin/deck github.com/kong/deck

deploy-check: bin/deck ## the examples under kong/ by decK, Ansible, systemd, and the types of Kubernetes and Terraform; builds decK first
	@$(foreach tool,ansible-playbook systemd-analyze,$(call left_out,$(shell PATH="$(PATH)"; command -v $(tool)),the tests that run $(tool) (none on the PATH)); )
	cd test/external && $(GO) mod tidy -diff && $(GO) run $(GOLANGCI_LINT) run ./...
	PATH="$(CURDIR)/bin:$$PATH" TOLLGATE_REQUIRE_TOOLS=$(if $(REQUIRE_ALL),1) $(GO) test -C test/external -shuffle=on -timeout 5m ./...
