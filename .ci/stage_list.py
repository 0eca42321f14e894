"""The stages, in order. Building the Go control plane comes early because it is the longest."""

UNIT = "for t in $(ls build/{p}/test_* | grep -v '\\.'); do echo \"-- $t\"; \"$t\" --gtest_brief=1 || bad=1; done; exit ${{bad:-0}}"
TSAN_TESTS = "test_dataplane_event test_dataplane_net test_dataplane_upstream test_dataplane_proxy test_controller_kube test_controller_push"


def tests(stage):
    return [
        stage("install packages", ".ci/deps test"),
        stage("build product (g++ 12, release)", ".ci/build release"),
        stage("build tests (g++ 12)", ".ci/build dev unit_tests"),
        stage("layout, sizes, arrows", "python3 test/tidy/tidy.py"),
        stage("unit tests", UNIT.format(p="dev")),
        stage("build sanitized (address, undefined)", ".ci/build asan all"),
        stage("unit tests, sanitized", UNIT.format(p="asan")),
    ]


def long(stage):
    return [stage("install packages", ".ci/deps test")]


def lint(stage):
    return [
        stage("install packages", ".ci/deps test"),
        stage("layout, sizes, arrows", "python3 test/tidy/tidy.py"),
        stage("format", "git ls-files '*.cc' '*.h' | xargs clang-format-19 --dry-run -Werror"),
    ]


STAGES = {"test": tests, "long": long, "lint": lint}
