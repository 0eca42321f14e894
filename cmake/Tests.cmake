foreach(folder
    dataplane/base dataplane/json dataplane/event dataplane/http dataplane/net dataplane/catalog
    dataplane/snapshot dataplane/formats dataplane/providers dataplane/auth dataplane/router
    dataplane/upstream dataplane/telemetry dataplane/exchange dataplane/admin dataplane/push
    dataplane/mock dataplane/proxy reconcilers/model reconcilers/derive reconcilers/resources
    reconcilers render crds controller/schema controller/files controller/kube controller/kube/auth
    controller/kube/http controller/kube/cache controller/kube/write controller/push
    controller/pipeline controller/cli)
  tollgate_test(${folder})
endforeach()
get_property(test_targets GLOBAL PROPERTY TOLLGATE_TEST_TARGETS)
add_custom_target(unit_tests DEPENDS ${test_targets})
