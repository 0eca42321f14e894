# tg_crds: the YAML of this folder as bytes in the program. Text alone, so it takes none of the warning settings.
file(GLOB crd_files CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/crds/*.yaml")
file(GLOB crd_standalone_files CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/crds/standalone/*.yaml")
# Debian's own interpreter, which sees the package python3-yaml.
find_program(TOLLGATE_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)
set(crd_folder "${CMAKE_BINARY_DIR}/generated/crds")
set(crd_sources "${crd_folder}/embedded.cc" "${crd_folder}/embedded_whole.cc")
file(MAKE_DIRECTORY "${crd_folder}")
add_custom_command(
  OUTPUT ${crd_sources}
  COMMAND "${TOLLGATE_PYTHON}" "${CMAKE_SOURCE_DIR}/crds/embed.py" "${CMAKE_SOURCE_DIR}/crds" "${crd_folder}"
  DEPENDS ${crd_files} ${crd_standalone_files} "${CMAKE_SOURCE_DIR}/crds/embed.py"
  VERBATIM)
add_library(tg_crds STATIC ${crd_sources})
target_include_directories(tg_crds PUBLIC "${CMAKE_SOURCE_DIR}")
