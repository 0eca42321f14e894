# Thin wrapper: every target is one command that also works by hand.
SHELL := /bin/bash
JOBS ?= $(shell nproc)

.PHONY: build demo demo-limits demo-dialects test test-long bench image cluster deps format lint clean

build: deps            ## build/release/tollgate and build/release/tollgate-proxy
	@.ci/build release tollgate tollgate-proxy

demo: build            ## run the blueprint with the built-in model server and send real requests
	@test/demo/demo.sh

demo-limits: build     ## one user limited by the tokens used, another not
	@test/demo/limits.sh

demo-dialects: build   ## the official SDKs (fetched from PyPI) against a backend of every dialect, with a table of what works
	@.ci/venv && build/venv/bin/python -B test/demo/dialects.py

test: deps             ## everything that CI runs; root, and Go 1.21 or later on the PATH
	@python3 .ci/stages.py test

test-long: deps        ## slower proof: long fuzzing, soak, big request counts; needs what test needs
	@python3 .ci/stages.py long

bench: build           ## CPU per request beside nginx and HAProxy
	@.ci/deps bench
	@.ci/build release bench_rig limits_bench
	@python3 test/bench/bench.py
	@python3 test/bench/tiers.py
	@build/release/limits_bench

image: build           ## build/image/tollgate.oci.tar and tollgate-proxy.oci.tar, OCI archives
	@.ci/deps image
	@manifests/image/build.sh

cluster: build         ## a shell with KUBECONFIG on a real API server; root, and Go 1.21 or later on the PATH
	@test/cluster/build.sh && python3 test/cluster/cluster.py shell

deps:                  ## install what the targets need (apt, as root)
	@.ci/deps build

format:
	@.ci/deps format
	@git ls-files '*.cc' '*.h' | xargs clang-format-19 -i

lint:
	@python3 .ci/stages.py lint

clean:
	rm -rf build
