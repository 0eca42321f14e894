# tg_crds: the YAML of this folder as bytes in the program. Text alone, so it takes none of the warning settings.
file(GLOB crd_files CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/crds/*.yaml")
file(GLOB crd_standalone_files CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/crds/standalone/*.yaml")
# Debian's own interpreter, which sees the package python3-yaml.
find_program(TOLLGATE_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)
set(crd_source "${CMAKE_BINARY_DIR}/generated/crds/embedded.cc")
add_custom_command(
  OUTPUT "${crd_source}"
  COMMAND "${CMAKE_COMMAND}" "-DOUTPUT=${crd_source}" "-DFOLDER=${CMAKE_SOURCE_DIR}/crds"
    "-DPYTHON=${TOLLGATE_PYTHON}"
    -P "${CMAKE_SOURCE_DIR}/crds/embed_script.cmake"
  DEPENDS ${crd_files} ${crd_standalone_files} "${CMAKE_SOURCE_DIR}/crds/embed_script.cmake"
  VERBATIM)
add_library(tg_crds STATIC "${crd_source}")
target_include_directories(tg_crds PUBLIC "${CMAKE_SOURCE_DIR}")
