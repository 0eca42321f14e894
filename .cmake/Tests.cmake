# What tests of several folders share (certificates, in-test servers).
file(GLOB support_sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/test/support/*.cc")
if(support_sources)
  add_library(tg_test_support STATIC ${support_sources})
  target_link_libraries(tg_test_support PUBLIC tollgate_flags OpenSSL::SSL Threads::Threads
    nlohmann_json::nlohmann_json)
endif()

file(GLOB yaml_support_sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/test/support/yaml/*.cc")
if(yaml_support_sources)
  add_library(tg_test_yaml STATIC ${yaml_support_sources})
  target_link_libraries(tg_test_yaml PUBLIC tollgate_flags tg_controller_yaml)
endif()

foreach(folder
    dataplane/base
    dataplane/pki
    dataplane/json
    dataplane/event
    dataplane/http
    dataplane/http/h1
    dataplane/net
    dataplane/net/tls
    dataplane/net/dns
    dataplane/net/dial
    dataplane/catalog
    dataplane/snapshot
    dataplane/formats
    dataplane/providers
    dataplane/auth
    dataplane/router
    dataplane/upstream
    dataplane/telemetry
    dataplane/exchange/h1
    dataplane/admin
    dataplane/push
    dataplane/mock
    dataplane/mock/server
    dataplane/proxy
    reconcilers/document
    reconcilers/model
    reconcilers/derive
    reconcilers/resources
    render
    controller/yaml
    controller/schema
    controller/files
    controller/kube
    controller/kube/auth
    controller/kube/http
    controller/kube/cache
    controller/kube/write
    controller/push
    controller/pipeline
    controller/tokens
    controller/standalone
    controller/cli
    controller/api
    dataplane/translate
    dataplane/limits
    dataplane/limits/redis
    dataplane/cel
    dataplane/formats/anthropic
    dataplane/formats/converse
    dataplane/formats/dialects
    )
  tollgate_test(${folder})
endforeach()
foreach(dialect openai_chat openai_completions openai_responses)
  tollgate_test(dataplane/formats/${dialect} DEPS dataplane/formats/dialects)
endforeach()
tollgate_test(dataplane/catalog/hosts DEPS dataplane/json)
tollgate_test(reconcilers DEPS controller/resolve test/yaml)
tollgate_test(controller/resolve DEPS test/yaml)
tollgate_test(dataplane/formats/gemini LIBS nlohmann_json::nlohmann_json)
tollgate_test(dataplane/formats/embeddings LIBS nlohmann_json::nlohmann_json)
tollgate_test(dataplane/formats/count LIBS nlohmann_json::nlohmann_json)
tollgate_test(crds DEPS controller/schema controller/files LIBS nlohmann_json::nlohmann_json)
# The controller's client against a real API server; test/controller/kube/live.py runs it.
add_executable(kube_live EXCLUDE_FROM_ALL "${CMAKE_SOURCE_DIR}/test/controller/kube/live.cc")
target_link_libraries(kube_live PRIVATE tollgate_flags tg_controller_kube_cache
  tg_controller_kube_write GTest::gtest GTest::gtest_main)
get_property(test_targets GLOBAL PROPERTY TOLLGATE_TEST_TARGETS)
add_custom_target(unit_tests DEPENDS ${test_targets})
