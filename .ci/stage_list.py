"""The stages of `make test`, `make test-long` and `make lint`. A stage whose name starts with `build` ends the
run if it fails, because what follows needs it."""

# What has threads.
TSAN = ("test_dataplane_limits test_dataplane_event test_dataplane_net test_dataplane_net_tls test_dataplane_net_dial test_dataplane_net_dns "
        "test_dataplane_upstream test_dataplane_telemetry test_dataplane_exchange_h1 test_dataplane_push "
        "test_dataplane_proxy test_controller_push test_controller_kube test_controller_kube_cache "
        "test_controller_kube_write")
PROGRAMS = "tollgate tollgate-proxy tollgate-mock"
REPLAY = ("good=0; for f in build/fuzz/fuzz_*; do [ -x $f ] || continue; n=${f#build/fuzz/fuzz_}; "
          "[ -d test/fuzz/corpus/$n ] || { echo \"no corpus for $n\"; exit 1; }; "
          "$f -runs=0 test/fuzz/corpus/$n >build/fuzz/$n.log 2>&1 || { tail -30 build/fuzz/$n.log; exit 1; }; "
          "good=$((good+1)); done; echo \"$good passed, 0 failed\"; [ $good -gt 0 ]")
E2E = ("cd test/e2e && TOLLGATE_BUILD=$PWD/../../build/{p} "
       "../../build/venv/bin/python -B -m unittest {tests}")
STANDALONE = "sdk_test standalone_test limits_test smuggling_test docs_test mock_test check_test two_gateways_test dialects_test credentials_test"
STANDALONE_SANITIZED = "sdk_test standalone_test smuggling_test"
SLOW = {"TOLLGATE_TEST_DEADLINE_S": "60"}
CLUSTER = "cd test/e2e && ../../build/venv/bin/python -B -m unittest -v cluster_test cluster_limits_test ownership_test rights_test"
HARNESS = "cd test/cluster && python3 -B -m unittest cluster_test pods_test"
CEL = "cd test/dataplane/cel/oracle && CGO_ENABLED=0 go run . ../testdata/cases.txt"
FORMAT = ("git ls-files '*.cc' '*.h' | xargs clang-format-19 --dry-run -Werror && "
          "echo '1 passed, 0 failed'")
# The sources of the last change: the whole tree is `make lint`.
TIDY_CHANGED = ("cmake --preset tidy >build/configure-tidy.log && "
                "files=$(git diff --name-only --diff-filter=d ${LINT_BASE:-HEAD~1} HEAD -- '*.cc' | grep -v '^test/' || true); "
                "[ -z \"$files\" ] || clang-tidy-19 --quiet -p build/tidy $files && echo '1 passed, 0 failed'")
TIDY_ALL = ("cmake --preset tidy >build/configure-tidy.log && git ls-files '*.cc' | grep -v '^test/' | "
            "xargs -P 2 -n 4 clang-tidy-19 --quiet -p build/tidy")


def tests(stage):
    return [
        stage("install packages", ".ci/deps test && .ci/venv"),
        stage("build product (g++ 12, release)", ".ci/build release " + PROGRAMS),
        stage("house rules", "python3 test/tidy/tidy.py"),
        stage("format", FORMAT),
        stage("installation is up to date", "python3 manifests/build.py --check && python3 manifests/check_examples.py"),
        # With the flags that ship, so that the product is compiled once less.
        stage("build tests (g++ 12)", ".ci/build release unit_tests"),
        stage("unit tests", ".ci/unit release"),
        stage("end to end, standalone", E2E.format(p="release", tests=STANDALONE)),
        stage("build test cluster (Go)", "test/cluster/build.sh"),
        stage("expressions against the reference", CEL),
        stage("end to end, cluster", CLUSTER),
        stage("images", "manifests/image/build.sh && manifests/image/check.sh"),
        stage("build sanitized (address, undefined)", ".ci/build asan unit_tests " + PROGRAMS),
        stage("unit tests, address and undefined", ".ci/unit asan"),
        stage("end to end, address and undefined", E2E.format(p="asan", tests=STANDALONE_SANITIZED), env=SLOW),
        stage("build sanitized (thread)", ".ci/build tsan " + TSAN),
        stage("unit tests, thread", ".ci/unit tsan " + TSAN),
        stage("build fuzz targets (clang 19)", ".ci/build fuzz fuzz_targets"),
        stage("replay corpora", REPLAY),
        stage("lint the last change (clang-tidy 19)", TIDY_CHANGED),
    ]


def long(stage):
    fuzz = ("for f in build/fuzz/fuzz_*; do [ -x $f ] || continue; n=${f#build/fuzz/fuzz_}; mkdir -p build/corpus/$n; "
            "$f -max_total_time=${FUZZ_SECONDS:-600} build/corpus/$n test/fuzz/corpus/$n || exit 1; done")
    return [
        stage("install packages", ".ci/deps test && .ci/venv"),
        stage("build fuzz targets (clang 19)", ".ci/build fuzz fuzz_targets"),
        stage("fuzz each target", fuzz),
        stage("build the ledger's test (g++ 12)", ".ci/build release test_dataplane_proxy"),
        stage("ledger, 100,000 requests", "build/release/test_dataplane_proxy --gtest_filter='Ledger.*' --gtest_brief=1",
              env={"TOLLGATE_LEDGER_REQUESTS": "100000"}),
        stage("build test cluster (Go)", "test/cluster/build.sh"),
        stage("test cluster's own tests", HARNESS),
    ]


def lint(stage):
    return [
        stage("install packages", ".ci/deps test"),
        stage("house rules", "python3 test/tidy/tidy.py"),
        stage("format", FORMAT),
        stage("build everything (clang 19)", ".ci/build tidy all unit_tests kube_live"),
        stage("clang-tidy 19, everything", TIDY_ALL),
    ]


STAGES = {"test": tests, "long": long, "lint": lint}
