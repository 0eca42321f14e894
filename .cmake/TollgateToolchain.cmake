# Compiler and linker settings shared by every target.
add_library(tollgate_flags INTERFACE)
target_compile_options(tollgate_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fno-omit-frame-pointer -g1)
target_include_directories(tollgate_flags INTERFACE "${CMAKE_SOURCE_DIR}" "${CMAKE_BINARY_DIR}/generated")
target_compile_definitions(tollgate_flags INTERFACE JSON_USE_IMPLICIT_CONVERSIONS=0
  _TURN_OFF_PLATFORM_STRING)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports false positives of these two inside libstdc++ at -O2 and under sanitizers.
  target_compile_options(tollgate_flags INTERFACE -Wno-restrict -Wno-maybe-uninitialized)
endif()
if(TOLLGATE_SANITIZE)
  target_compile_options(tollgate_flags INTERFACE "-fsanitize=${TOLLGATE_SANITIZE}"
    -fno-sanitize-recover=all)
  target_link_options(tollgate_flags INTERFACE "-fsanitize=${TOLLGATE_SANITIZE}")
endif()
find_program(TOLLGATE_MOLD mold)
if(TOLLGATE_MOLD AND NOT TOLLGATE_FUZZ)
  target_link_options(tollgate_flags INTERFACE -fuse-ld=mold)
endif()
find_program(TOLLGATE_CCACHE ccache)
if(TOLLGATE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${TOLLGATE_CCACHE}")
endif()
