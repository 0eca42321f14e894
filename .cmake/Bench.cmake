# Micro-benchmarks, built on demand only: ninja -C build/release http_bench
add_executable(http_bench EXCLUDE_FROM_ALL "${CMAKE_SOURCE_DIR}/test/bench/http_bench.cc")
target_link_libraries(http_bench PRIVATE tollgate_flags tg_dataplane_http_h1 tg_dataplane_json)
add_executable(ai_bench EXCLUDE_FROM_ALL "${CMAKE_SOURCE_DIR}/test/bench/ai_bench.cc")
target_link_libraries(ai_bench PRIVATE tollgate_flags tg_dataplane_providers tg_dataplane_auth)
if(TARGET tg_test_support)
  add_executable(echo_bench EXCLUDE_FROM_ALL "${CMAKE_SOURCE_DIR}/test/bench/echo_bench.cc")
  target_link_libraries(echo_bench PRIVATE tollgate_flags tg_dataplane_net_tls tg_test_support)
endif()
