# Run at build time: writes OUTPUT, a C++ file with the text of every YAML file below FOLDER.
file(GLOB installed "${FOLDER}/*.yaml")
file(GLOB standalone "${FOLDER}/standalone/*.yaml")
list(SORT installed)
list(SORT standalone)

set(texts "")
set(rows "")
set(index 0)
foreach(path IN LISTS installed standalone)
  file(READ "${path}" text)
  string(REGEX MATCH "\n  group: ([^\n]*)" ignored "${text}")
  string(REPLACE "''" "" group "${CMAKE_MATCH_1}")
  string(REGEX MATCH "\n    kind: ([^\n]*)" ignored "${text}")
  set(kind "${CMAKE_MATCH_1}")
  get_filename_component(name "${path}" NAME)
  set(standalone_only false)
  if(path MATCHES "/standalone/[^/]*$")
    set(standalone_only true)
  endif()
  # As JSON, which is YAML too: it is read many times faster when the program starts.
  execute_process(
    COMMAND "${PYTHON}" -c
      "import json,sys,yaml;print(json.dumps(yaml.safe_load(open(sys.argv[1])),separators=(',',':')))"
      "${path}"
    OUTPUT_VARIABLE text OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  # With its length: a compiler need not count characters at compile time.
  string(APPEND texts "constexpr char kText${index}[] = R\"tgcrd(${text})tgcrd\";\n")
  string(APPEND rows "    File{\"${name}\", \"${group}\", \"${kind}\",\n         {kText${index}, sizeof kText${index} - 1}, ${standalone_only}},\n")
  math(EXPR index "${index} + 1")
endforeach()

file(WRITE "${OUTPUT}" "// Generated from crds/. Do not edit.
#include \"crds/embed.h\"

namespace tollgate::crds {
namespace {

${texts}
constexpr File kFiles[] = {
${rows}};

}  // namespace

std::span<const File> files() { return kFiles; }

}  // namespace tollgate::crds
")
