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

# A scripted API server for the tests of controller/kube.
add_library(test_support_kube STATIC "${CMAKE_SOURCE_DIR}/test/support/fake_api_server.cc")
target_link_libraries(test_support_kube PUBLIC tollgate_flags nlohmann_json::nlohmann_json
  Threads::Threads)
foreach(part "" _cache _write)
  if(TARGET test_controller_kube${part})
    target_link_libraries(test_controller_kube${part} PRIVATE test_support_kube)
  endif()
endforeach()

get_property(test_targets GLOBAL PROPERTY TOLLGATE_TEST_TARGETS)
add_custom_target(unit_tests DEPENDS ${test_targets})
