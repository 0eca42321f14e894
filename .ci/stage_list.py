"""The stages of `make test`, `make test-long` and `make lint`. A stage whose name starts with `build` ends the
run if it fails, because what follows needs it."""

UNIT = ("for t in $(ls build/{p}/test_* | grep -v '\\.'); do echo \"-- $t\"; "
        "\"$t\" --gtest_brief=1 || bad=1; done; exit ${{bad:-0}}")
# What has threads.
TSAN = ("test_dataplane_event test_dataplane_net test_dataplane_net_tls test_dataplane_net_dial test_dataplane_net_dns "
        "test_dataplane_upstream test_controller_kube_cache")
TSAN_RUN = ("for t in " + TSAN + "; do [ -x build/tsan/$t ] || continue; echo \"-- $t\"; "
            "setarch -R build/tsan/$t --gtest_brief=1 || bad=1; done; exit ${bad:-0}")
REPLAY = ("good=0; for f in build/fuzz/fuzz_*; do [ -x $f ] || continue; n=${f#build/fuzz/fuzz_}; "
          "[ -d test/fuzz/corpus/$n ] || { echo \"no corpus for $n\"; exit 1; }; "
          "$f -runs=0 test/fuzz/corpus/$n >build/fuzz/$n.log 2>&1 || { tail -30 build/fuzz/$n.log; exit 1; }; "
          "good=$((good+1)); done; echo \"$good passed, 0 failed\"; [ $good -gt 0 ]")
E2E = ("cd test/e2e && TOLLGATE_BUILD=$PWD/../../build/{p} "
       "../../build/venv/bin/python -B -m unittest {tests}")
STANDALONE = "sdk_test standalone_test smuggling_test docs_test mock_test check_test"
CLUSTER = "cd test/e2e && ../../build/venv/bin/python -B -m unittest -v cluster_test ownership_test rights_test"
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
        stage("build product (g++ 12, release)", ".ci/build release tollgate tollgate-proxy tollgate-mock"),
        stage("house rules", "python3 test/tidy/tidy.py"),
        stage("format", FORMAT),
        stage("installation is up to date", "python3 manifests/build.py --check && python3 manifests/check_examples.py"),
        stage("build tests (g++ 12)", ".ci/build dev unit_tests"),
        stage("unit tests", UNIT.format(p="dev")),
        stage("end to end, standalone", E2E.format(p="release", tests=STANDALONE)),
        stage("build test cluster (Go)", "test/cluster/build.sh"),
        stage("expressions against the reference", CEL),
        stage("end to end, cluster", CLUSTER),
        stage("images", "manifests/image/build.sh && manifests/image/check.sh"),
        stage("build sanitized (address, undefined)", ".ci/build asan unit_tests"),
        stage("unit tests, address and undefined", UNIT.format(p="asan")),
        stage("build sanitized (thread)", ".ci/build tsan " + TSAN),
        stage("unit tests, thread", TSAN_RUN),
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
        stage("build test cluster (Go)", "test/cluster/build.sh"),
        stage("test cluster's own tests", HARNESS),
        stage("build sanitized (address, undefined)", ".ci/build asan tollgate tollgate-proxy"),
        stage("end to end, address and undefined", E2E.format(p="asan", tests="sdk_test standalone_test"),
              env={"TOLLGATE_TEST_DEADLINE_S": "60"}),
    ]


def lint(stage):
    return [
        stage("install packages", ".ci/deps test"),
        stage("house rules", "python3 test/tidy/tidy.py"),
        stage("format", FORMAT),
        stage("clang-tidy 19, everything", TIDY_ALL),
    ]


STAGES = {"test": tests, "long": long, "lint": lint}
