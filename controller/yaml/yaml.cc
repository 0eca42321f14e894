#include "controller/yaml/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <sstream>

#include "controller/yaml/builder.h"
#include "controller/yaml/utf8.h"

// The only file that uses yaml-cpp for manifests; its exceptions end here.

namespace tollgate::controller::yaml {
namespace {

/// Hands the parser's events to a Builder. Tags: "?" marks a plain scalar without tag, "!" a quoted
/// one (or an explicit "!", which makes a string as well).
class Events final : public YAML::EventHandler {
 public:
  Events(Builder& builder, int first_line) : builder_(builder), first_line_(first_line) {}

  Builder::Position at(const YAML::Mark& mark) const {
    if (mark.line < 0) return {first_line_, 0};
    return {first_line_ + mark.line, mark.column + 1};
  }

  /// Where the document begins.
  Builder::Position start() const { return start_; }

  void OnDocumentStart(const YAML::Mark& mark) override { start_ = at(mark); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    builder_.null(at(mark), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    builder_.alias(at(mark), anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const bool untagged = tag.empty() || tag == "?" || tag == "!";
    builder_.scalar(at(mark), anchor, tag == "!" ? Style::kQuoted : Style::kPlain,
                    untagged ? std::string() : tag, value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    check_tag(mark, tag, "tag:yaml.org,2002:seq");
    builder_.list_start(at(mark), anchor);
  }
  void OnSequenceEnd() override { builder_.list_end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    check_tag(mark, tag, "tag:yaml.org,2002:map");
    builder_.map_start(at(mark), anchor);
  }
  void OnMapEnd() override { builder_.map_end(); }

 private:
  void check_tag(const YAML::Mark& mark, const std::string& tag, std::string_view own) {
    if (tag.empty() || tag == "?" || tag == "!" || tag == own) return;
    builder_.fail(at(mark), "the tag " + tag + " is not known");
  }

  Builder& builder_;
  int first_line_;
  Builder::Position start_;
};

struct Chunk {
  std::string_view text;
  int first_line = 1;
};

/// "---" begins and "..." ends a document; neither can stand at the beginning of a line otherwise.
bool is_marker(std::string_view line, std::string_view marker) {
  return line.substr(0, 3) == marker &&
         (line.size() == 3 || line[3] == ' ' || line[3] == '\t' || line[3] == '\r');
}

/// True if the line cannot be part of a value: blank, a comment, a directive.
bool is_idle(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t\r");
  return first == line.npos || line[first] == '#' || line[0] == '%';
}

/// Cuts the text at the lines that begin or end a document, so that a mistake in one document does
/// not hide the others. Chunks without content are left out.
std::vector<Chunk> split_documents(std::string_view text) {
  std::vector<Chunk> chunks;
  std::size_t begin = 0;
  int first_line = 1;
  bool content = false;
  int line_number = 0;
  for (std::size_t pos = 0; pos < text.size();) {
    ++line_number;
    const std::size_t newline = std::min(text.find('\n', pos), text.size());
    const std::string_view line = text.substr(pos, newline - pos);
    const bool begins = is_marker(line, "---");
    if (begins || is_marker(line, "...")) {
      if (content) chunks.push_back({text.substr(begin, pos - begin), first_line});
      begin = begins ? pos : std::min(newline + 1, text.size());
      first_line = begins ? line_number : line_number + 1;
      content = begins && !is_idle(line.substr(3));
    } else {
      content = content || !is_idle(line);
    }
    pos = newline + 1;
  }
  if (content) chunks.push_back({text.substr(begin), first_line});
  return chunks;
}

/// Reads the one document of a chunk. yaml-cpp takes text behind the end of a document for a
/// further document, without end if it cannot read it; here it is a mistake.
void parse_chunk(const Chunk& chunk, const Limits& limits, Stream& stream) {
  try {
    std::istringstream input{std::string(chunk.text)};
    YAML::Parser parser(input);
    Builder builder(limits);
    Events events(builder, chunk.first_line);
    parser.HandleNextDocument(events);
    Builder rest(limits);
    Events rest_events(rest, chunk.first_line);
    const bool more = !builder.failed() && parser.HandleNextDocument(rest_events);
    if (more) builder.fail(rest_events.start(), "there is text behind the end of the document");
    if (builder.failed()) stream.problems.push_back(*builder.problem());
    if (auto document = builder.take()) stream.documents.push_back(std::move(*document));
  } catch (const YAML::Exception& error) {
    const bool known = error.mark.line >= 0;
    stream.problems.push_back({chunk.first_line + (known ? error.mark.line : 0),
                               known ? error.mark.column + 1 : 0, error.msg});
  } catch (const std::exception& error) {
    stream.problems.push_back(
        {chunk.first_line, 0, std::string("cannot be read: ") + error.what()});
  }
}

}  // namespace

Stream parse_yaml(std::string_view text, const Limits& limits) {
  Stream stream;
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  for (const Chunk& chunk : split_documents(text)) {
    if (const auto bad = find_invalid_text(chunk.text)) {
      stream.problems.push_back(
          {chunk.first_line + bad->line, bad->column, "the text is not valid UTF-8"});
      continue;
    }
    parse_chunk(chunk, limits, stream);
  }
  return stream;
}

}  // namespace tollgate::controller::yaml
