# What one does with this checkout. Building and running need Go alone; `make setup` fetches what the tests need.

.DEFAULT_GOAL := help
SHELL := /bin/bash

# What is compiled does not name its folder, so another clone finds it in the cache.
export GOFLAGS := $(shell go env GOFLAGS 2>/dev/null) -trimpath

FUZZTIME ?= 30s
ROUNDS ?= 7

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: build
build: ## the program, ./linger
	CGO_ENABLED=0 go build -trimpath -o linger .

.PHONY: setup
setup: ## what the tests need and this machine lacks
	@scripts/setup.sh

.PHONY: generate
generate: bin/.made-from setup ## Go and TypeScript from proto/, Go from web/*.templ, the bundles from web/ts and web/css
	@go run ./internal/check generate

.PHONY: format
format: bin/.made-from ## gofumpt, in place
	@bin/golangci-lint fmt

.PHONY: lint
lint: bin/.made-from setup ## format, vet, linters, import rules, API rules, types
	@go run ./internal/check lint

.PHONY: test
test: bin/.made-from setup ## everything that must pass; seven to ten minutes on two cores that have nothing else to do
	@go run ./internal/check

.PHONY: soak
soak: setup ## the long forms of the tests, one after the other, in SOAK_MINUTES (50): models, crashes, damage, memory, browser, fuzz; ARGS='killed memory'
	@go run ./internal/check soak $(ARGS)

.PHONY: fuzz
fuzz: ## each fuzz target for FUZZTIME (30s)
	@FUZZTIME=$(FUZZTIME) scripts/fuzz.sh

.PHONY: peers
peers: ## Linger beside NATS, Redis and Mosquitto, ROUNDS (7) of each; ARGS='-only ^durable', ARGS=-help
	@scripts/setup.sh peers
	@mkdir -p bin/peers
	@go build -trimpath -o bin/peers/ .
	@cd test/peers && go build -trimpath -o ../../bin/peers/ . $$(go list tool)
	@bin/peers/peers -rounds $(ROUNDS) $(ARGS)

.PHONY: scale
scale: ## what Linger costs as it grows, beside its goals; ARGS='-only memory', ARGS=-list
	@mkdir -p bin/scale
	@CGO_ENABLED=0 go build -trimpath -o bin/scale/ . ./test/scale
	@bin/scale/scale $(ARGS)

.PHONY: gallery
gallery: ## every page in every state, with canned data, on ADDR (localhost:8099)
	@go run ./web/gallery/serve -addr $(or $(ADDR),localhost:8099)

.PHONY: screenshots
screenshots: setup ## pictures of every page in every state into ./screenshots
	LINGER_SCREENSHOTS=$(CURDIR)/screenshots go test -count=1 -timeout=20m -run 'Gallery$$' ./test/e2e/...

.PHONY: recording
recording: build setup ## the README's pictures and recording, docs/images, from a running server
	@scripts/setup.sh recording
	@go run ./test/recording

# Built once per version of tools/go.mod: the linter and buf take minutes.
bin/.made-from: tools/go.mod tools/go.sum
	@mkdir -p bin
	@echo "building the tools of tools/go.mod"
	@cd tools && CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o ../bin/ $$(go list tool)
	@touch $@
