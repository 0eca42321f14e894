# Every folder that is a library, with its arrows. Third-party libraries stay behind the folder that wraps them.
set(JSON nlohmann_json::nlohmann_json)

tollgate_library(dataplane/base LIBS PkgConfig::xxhash OpenSSL::Crypto spdlog::spdlog)
tollgate_library(dataplane/pki DEPS dataplane/base LIBS OpenSSL::Crypto)
tollgate_library(dataplane/json DEPS dataplane/base LIBS simdjson::simdjson)
tollgate_library(dataplane/event DEPS dataplane/base LIBS Threads::Threads)
tollgate_library(dataplane/http DEPS dataplane/base)
tollgate_library(dataplane/http/h1 DEPS dataplane/base dataplane/http)
tollgate_library(dataplane/net DEPS dataplane/base dataplane/event)
tollgate_library(dataplane/net/tls DEPS dataplane/base dataplane/event dataplane/net
  LIBS OpenSSL::SSL)
tollgate_library(dataplane/net/dns DEPS dataplane/base dataplane/event dataplane/net
  LIBS PkgConfig::cares)
tollgate_library(dataplane/net/dial DEPS dataplane/base dataplane/event dataplane/net
  dataplane/net/tls dataplane/net/dns)
tollgate_library(dataplane/cel DEPS dataplane/base LIBS PkgConfig::re2)
tollgate_library(dataplane/catalog DEPS dataplane/base dataplane/cel LIBS PkgConfig::re2)
tollgate_library(dataplane/catalog/hosts DEPS dataplane/base)
tollgate_library(dataplane/snapshot DEPS dataplane/base dataplane/cel dataplane/catalog dataplane/json)
tollgate_library(dataplane/formats DEPS dataplane/base dataplane/json dataplane/http dataplane/catalog)
tollgate_library(dataplane/formats/chat DEPS dataplane/base dataplane/json dataplane/catalog
  dataplane/formats)
tollgate_library(dataplane/formats/openai DEPS dataplane/base dataplane/json dataplane/catalog
  dataplane/formats dataplane/formats/chat)
tollgate_library(dataplane/formats/anthropic DEPS dataplane/base dataplane/json dataplane/catalog
  dataplane/formats dataplane/formats/chat)
tollgate_library(dataplane/formats/converse DEPS dataplane/base dataplane/json dataplane/catalog
  dataplane/formats dataplane/formats/chat)
tollgate_library(dataplane/formats/gemini DEPS dataplane/base dataplane/json dataplane/catalog
  dataplane/formats dataplane/formats/chat)
tollgate_library(dataplane/formats/openai_chat DEPS dataplane/base dataplane/json dataplane/catalog
  dataplane/formats dataplane/formats/chat dataplane/formats/openai)
tollgate_library(dataplane/formats/openai_completions DEPS dataplane/base dataplane/json dataplane/catalog
  dataplane/formats dataplane/formats/chat dataplane/formats/openai)
tollgate_library(dataplane/formats/openai_responses DEPS dataplane/base dataplane/json dataplane/catalog
  dataplane/formats dataplane/formats/chat dataplane/formats/openai)
tollgate_library(dataplane/formats/dialects DEPS dataplane/base dataplane/json dataplane/catalog
  dataplane/formats dataplane/formats/chat
  dataplane/formats/anthropic
  dataplane/formats/converse
  dataplane/formats/gemini
  dataplane/formats/openai_chat
  dataplane/formats/openai_completions
  dataplane/formats/openai_responses)
tollgate_library(dataplane/formats/embeddings DEPS dataplane/base dataplane/json dataplane/catalog
  dataplane/formats dataplane/formats/chat dataplane/formats/converse dataplane/formats/gemini
  dataplane/formats/openai)
tollgate_library(dataplane/formats/count DEPS dataplane/base dataplane/json dataplane/catalog
  dataplane/formats dataplane/formats/anthropic dataplane/formats/chat dataplane/formats/converse
  dataplane/formats/gemini)
tollgate_library(dataplane/providers DEPS dataplane/base dataplane/json dataplane/http
  dataplane/catalog dataplane/catalog/hosts dataplane/formats)
tollgate_library(dataplane/translate DEPS dataplane/base dataplane/json dataplane/http
  dataplane/catalog dataplane/formats dataplane/formats/chat dataplane/formats/dialects
  dataplane/formats/openai dataplane/catalog/hosts dataplane/providers dataplane/formats/embeddings dataplane/formats/count)
tollgate_library(dataplane/auth DEPS dataplane/base dataplane/catalog dataplane/json dataplane/http
  dataplane/http/h1 dataplane/event dataplane/net dataplane/net/tls dataplane/net/dial LIBS OpenSSL::Crypto)
tollgate_library(dataplane/router DEPS dataplane/base dataplane/http dataplane/snapshot
  LIBS PkgConfig::re2)
tollgate_library(dataplane/upstream DEPS dataplane/base dataplane/event dataplane/net
  dataplane/net/tls dataplane/net/dns dataplane/net/dial dataplane/http dataplane/http/h1
  dataplane/snapshot)
tollgate_library(dataplane/telemetry DEPS dataplane/base dataplane/event dataplane/json)
tollgate_library(dataplane/limits DEPS dataplane/base dataplane/event dataplane/http dataplane/catalog
  dataplane/snapshot dataplane/router dataplane/telemetry LIBS OpenSSL::Crypto)
tollgate_library(dataplane/limits/redis DEPS dataplane/base dataplane/event dataplane/net
  dataplane/net/tls dataplane/net/dns dataplane/net/dial dataplane/snapshot
  dataplane/telemetry dataplane/limits LIBS OpenSSL::Crypto)
tollgate_library(dataplane/exchange/attempt DEPS dataplane/base dataplane/event dataplane/net
  dataplane/net/tls dataplane/net/dns dataplane/net/dial dataplane/http dataplane/json
  dataplane/catalog dataplane/snapshot dataplane/formats dataplane/providers dataplane/translate
  dataplane/auth dataplane/router dataplane/upstream dataplane/telemetry dataplane/limits)
tollgate_library(dataplane/exchange DEPS dataplane/base dataplane/event dataplane/net dataplane/http
  dataplane/json dataplane/catalog dataplane/snapshot dataplane/formats dataplane/router
  dataplane/telemetry dataplane/limits dataplane/exchange/attempt)
tollgate_library(dataplane/exchange/h1 DEPS dataplane/base dataplane/event dataplane/net
  dataplane/http dataplane/http/h1 dataplane/formats dataplane/catalog dataplane/snapshot
  dataplane/upstream dataplane/exchange dataplane/exchange/attempt)
tollgate_library(dataplane/admin DEPS dataplane/base dataplane/event dataplane/net
  dataplane/net/tls dataplane/http dataplane/http/h1
  dataplane/snapshot dataplane/telemetry)
tollgate_library(dataplane/push DEPS dataplane/base dataplane/event dataplane/net
  dataplane/net/tls dataplane/net/dns dataplane/net/dial dataplane/json
  dataplane/snapshot)
tollgate_library(dataplane/mock DEPS dataplane/base dataplane/http dataplane/json
  LIBS OpenSSL::Crypto)
tollgate_library(dataplane/mock/openai DEPS dataplane/base dataplane/http dataplane/json dataplane/mock)
tollgate_library(dataplane/mock/anthropic DEPS dataplane/base dataplane/http dataplane/json
  dataplane/mock)
tollgate_library(dataplane/mock/bedrock DEPS dataplane/base dataplane/http dataplane/json
  dataplane/mock dataplane/mock/anthropic LIBS ZLIB::ZLIB)
tollgate_library(dataplane/mock/gemini DEPS dataplane/base dataplane/http dataplane/json
  dataplane/mock dataplane/mock/anthropic)
tollgate_library(dataplane/mock/tokens DEPS dataplane/base dataplane/http dataplane/json
  dataplane/mock LIBS OpenSSL::Crypto)
tollgate_library(dataplane/mock/server DEPS dataplane/base dataplane/event dataplane/net
  dataplane/net/tls dataplane/net/dns dataplane/http dataplane/http/h1 dataplane/json dataplane/pki
  dataplane/mock dataplane/mock/openai dataplane/mock/anthropic dataplane/mock/bedrock
  dataplane/mock/gemini dataplane/mock/tokens)
tollgate_library(dataplane/proxy DEPS dataplane/base dataplane/catalog dataplane/event dataplane/net
  dataplane/net/tls dataplane/net/dns dataplane/net/dial dataplane/upstream dataplane/snapshot
  dataplane/exchange dataplane/exchange/attempt dataplane/exchange/h1 dataplane/router
  dataplane/admin dataplane/push dataplane/telemetry dataplane/auth dataplane/limits
  dataplane/limits/redis)

tollgate_library(reconcilers/document LIBS ${JSON})
tollgate_library(reconcilers/model DEPS dataplane/base dataplane/catalog LIBS ${JSON})
tollgate_library(reconcilers/derive DEPS dataplane/base)
tollgate_library(reconcilers/resources DEPS dataplane/base dataplane/catalog reconcilers/document
  reconcilers/model
  LIBS ${JSON})
tollgate_library(reconcilers DEPS dataplane/base dataplane/catalog reconcilers/model
  reconcilers/derive reconcilers/resources LIBS ${JSON})
tollgate_library(render DEPS dataplane/base dataplane/catalog dataplane/snapshot reconcilers/model
  LIBS ${JSON})

include(crds/embed.cmake)  # defines tg_crds: the schemas as bytes in the program
tollgate_library(controller/yaml DEPS dataplane/base LIBS ${JSON} yaml-cpp)
tollgate_library(controller/schema DEPS dataplane/base controller/yaml crds reconcilers/document LIBS ${JSON} PkgConfig::re2)
tollgate_library(controller/files DEPS dataplane/base controller/yaml controller/schema reconcilers/document LIBS ${JSON})
tollgate_library(controller/kube/auth DEPS dataplane/base reconcilers/document LIBS ${JSON} yaml-cpp Threads::Threads)
tollgate_library(controller/curl LIBS ${CMAKE_DL_LIBS})
tollgate_library(controller/kube/http DEPS dataplane/base controller/curl controller/kube/auth
  LIBS OpenSSL::SSL Threads::Threads)
tollgate_library(controller/kube DEPS dataplane/base controller/kube/auth controller/kube/http
  LIBS ${JSON} Threads::Threads)
tollgate_library(controller/kube/cache DEPS dataplane/base controller/kube
  reconcilers/document LIBS ${JSON})
tollgate_library(controller/kube/write DEPS dataplane/base controller/kube
  reconcilers/document LIBS ${JSON})
tollgate_library(controller/tokens DEPS dataplane/base dataplane/auth controller/curl controller/kube
  reconcilers/document reconcilers/model LIBS OpenSSL::SSL ${JSON})
tollgate_library(controller/push DEPS dataplane/base dataplane/event dataplane/net
  dataplane/net/tls dataplane/snapshot dataplane/push dataplane/pki)
tollgate_library(controller/resolve DEPS dataplane/base dataplane/snapshot reconcilers
  reconcilers/model reconcilers/derive reconcilers/resources render LIBS ${JSON})
tollgate_library(controller/api DEPS dataplane/base dataplane/admin dataplane/event dataplane/net
  controller/curl controller/resolve controller/schema controller/api/rest reconcilers/model
  LIBS ${JSON} ${CMAKE_DL_LIBS})
target_compile_definitions(tg_controller_api PRIVATE TOLLGATE_VERSION="${PROJECT_VERSION}")
add_library(tg_controller_api_rest INTERFACE)  # the interface; the rest is the module below
tollgate_library(controller/pipeline DEPS dataplane/base controller/api controller/kube controller/kube/auth
  controller/kube/cache controller/kube/write controller/push controller/resolve controller/cli controller/tokens
  reconcilers reconcilers/document reconcilers/model reconcilers/resources render dataplane/admin dataplane/event
  dataplane/net LIBS ${JSON})
tollgate_library(controller/cli)
tollgate_library(controller/standalone DEPS controller/cli dataplane/admin dataplane/base dataplane/auth dataplane/catalog
  dataplane/event
  dataplane/net dataplane/net/dns dataplane/net/tls dataplane/mock dataplane/mock/server dataplane/proxy
  dataplane/snapshot
  controller/api controller/files controller/schema controller/resolve controller/tokens controller/kube reconcilers/model LIBS ${JSON})
tollgate_library(controller/tools DEPS controller/cli dataplane/base dataplane/catalog dataplane/http
  dataplane/json dataplane/limits dataplane/router dataplane/snapshot controller/api controller/schema
  controller/standalone LIBS ${JSON} yaml-cpp)
target_compile_definitions(tg_controller_tools PRIVATE TOLLGATE_VERSION="${PROJECT_VERSION}")

if(EXISTS "${CMAKE_SOURCE_DIR}/dataplane/main.cc")
  add_executable(tollgate-proxy dataplane/main.cc)
  target_link_libraries(tollgate-proxy PRIVATE tollgate_flags tg_dataplane_proxy)
  target_compile_definitions(tollgate-proxy PRIVATE TOLLGATE_VERSION="${PROJECT_VERSION}")
  set_target_properties(tollgate-proxy PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")
endif()
if(EXISTS "${CMAKE_SOURCE_DIR}/controller/main.cc")
  add_executable(tollgate controller/main.cc)
  target_link_libraries(tollgate PRIVATE tollgate_flags tg_controller_tools tg_controller_pipeline)
  set_target_properties(tollgate PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")
endif()
if(TOLLGATE_READ_API)
  # Loaded with --api only: linked, the library would cost every start of the program 3 ms.
  add_library(tollgate-read-api MODULE controller/api/rest/rest.cc)
  target_link_libraries(tollgate-read-api PRIVATE tollgate_flags ${TOLLGATE_CPPREST} OpenSSL::SSL)
  target_compile_definitions(tollgate-read-api PRIVATE TOLLGATE_VERSION="${PROJECT_VERSION}")
  set_target_properties(tollgate-read-api PROPERTIES PREFIX ""
    CXX_VISIBILITY_PRESET hidden LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")
  add_dependencies(tollgate tollgate-read-api)
endif()
# The model server as a program: the providers of test/e2e/cluster_test.py.
add_executable(tollgate-mock EXCLUDE_FROM_ALL test/support/mock/main.cc)
target_link_libraries(tollgate-mock PRIVATE tollgate_flags tg_dataplane_mock_server)
set_target_properties(tollgate-mock PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")
