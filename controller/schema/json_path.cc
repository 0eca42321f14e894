#include "controller/schema/json_path.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

namespace tollgate::controller::schema {

using dataplane::base::Code;
using dataplane::base::config_error;
using dataplane::base::Error;
using dataplane::base::Result;
using dataplane::base::Status;
using nlohmann::json;

namespace {

/// Filters within filters; recursion is bounded by this.
constexpr int kMaxFilterDepth = 4;
constexpr long kMaxIndex = 1'000'000'000;

}  // namespace

class JsonPath::Parser {
 public:
  Parser(std::string_view text, int depth) : text_(text), depth_(depth) {}

  Result<JsonPath> run() {
    JsonPath path;
    while (pos_ < text_.size()) {
      Step step;
      TRY(read_step(step, path.steps_.empty()));
      path.steps_.push_back(std::move(step));
    }
    return path;
  }

 private:
  Error wrong(const std::string& what) const {
    return config_error(Code::kInvalidArgument, "JSONPath " + std::string(text_) + ": " + what +
                                                    " at character " + std::to_string(pos_ + 1));
  }
  bool accept(std::string_view token) {
    if (text_.substr(pos_, token.size()) != token) return false;
    pos_ += token.size();
    return true;
  }

  Status read_step(Step& step, bool first) {
    if (accept("[")) return read_bracket(step);
    if (!accept(".") && !first) return wrong("'.' or '[' is missing");
    if (accept("*")) {
      step.kind = Step::Kind::kAll;
      return {};
    }
    if (accept("[")) return read_bracket(step);
    while (pos_ < text_.size() && std::string_view(".[ ").find(text_[pos_]) == text_.npos) {
      if (text_[pos_] == '\\' && pos_ + 1 < text_.size()) ++pos_;
      step.name += text_[pos_++];
    }
    if (step.name.empty()) return wrong("a name is missing");
    return {};
  }

  Status read_bracket(Step& step) {
    if (accept("*]")) {
      step.kind = Step::Kind::kAll;
      return {};
    }
    if (accept("?(")) return read_filter(step);
    if (pos_ < text_.size() && (text_[pos_] == '\'' || text_[pos_] == '"')) {
      TRY_ASSIGN(step.name, read_quoted());
      return accept("]") ? Status{} : Status{wrong("']' is missing")};
    }
    return read_slice(step);
  }

  Result<std::string> read_quoted() {
    const char quote = text_[pos_++];
    std::string out;
    while (pos_ < text_.size() && text_[pos_] != quote) {
      if (text_[pos_] == '\\' && pos_ + 1 < text_.size()) ++pos_;
      out += text_[pos_++];
    }
    if (pos_ == text_.size()) return wrong("the closing quote is missing");
    ++pos_;
    return out;
  }

  Status read_number(std::optional<long>& out) {
    long value = 0;
    const char* begin = text_.data() + pos_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error == std::errc::result_out_of_range || value > kMaxIndex || value < -kMaxIndex) {
      return wrong("the number is too large");
    }
    if (error != std::errc{}) return {};
    pos_ += static_cast<std::size_t>(end - begin);
    out = value;
    return {};
  }

  Status read_slice(Step& step) {
    step.kind = Step::Kind::kSlice;
    TRY(read_number(step.from));
    if (accept(":")) {
      TRY(read_number(step.to));
    } else if (step.from) {
      if (*step.from != -1) step.to = *step.from + 1;
    } else {
      return wrong("an index is missing");
    }
    return accept("]") ? Status{} : Status{wrong("']' is missing")};
  }

  Status read_filter(Step& step) {
    step.kind = Step::Kind::kFilter;
    if (depth_ >= kMaxFilterDepth) return wrong("filters are nested too deep");
    if (!accept("@")) return wrong("'@' is missing");
    const std::size_t begin = pos_;
    while (pos_ < text_.size() && std::string_view("=!)").find(text_[pos_]) == text_.npos) ++pos_;
    std::size_t end = pos_;
    while (end > begin && text_[end - 1] == ' ') --end;
    TRY_ASSIGN(JsonPath path, Parser(text_.substr(begin, end - begin), depth_ + 1).run());
    step.filter_path = std::make_shared<const JsonPath>(std::move(path));
    if (accept(")]")) return {};
    step.negated = accept("!=");
    if (!step.negated && !accept("==")) return wrong("'==' or '!=' is missing");
    while (accept(" ")) {
    }
    TRY(read_operand(step));
    while (accept(" ")) {
    }
    return accept(")]") ? Status{} : Status{wrong("')]' is missing")};
  }

  Status read_operand(Step& step) {
    if (pos_ < text_.size() && (text_[pos_] == '\'' || text_[pos_] == '"')) {
      TRY_ASSIGN(std::string text, read_quoted());
      step.operand = std::make_shared<const json>(std::move(text));
      return {};
    }
    const std::size_t end = std::min(text_.find_first_of(" )", pos_), text_.size());
    json value = json::parse(text_.substr(pos_, end - pos_), nullptr, false);
    if (!value.is_primitive() || value.is_discarded()) return wrong("a value is missing");
    pos_ = end;
    step.operand = std::make_shared<const json>(std::move(value));
    return {};
  }

  std::string_view text_;
  std::size_t pos_ = 0;
  int depth_;
};

Result<JsonPath> JsonPath::parse(std::string_view text) {
  return Parser(text, 0).run();
}

bool JsonPath::matches(const Step& step, const json& item) {
  const auto found = step.filter_path->find(item);
  if (!step.operand) return !found.empty();
  const bool equal = std::any_of(found.begin(), found.end(),
                                 [&step](const json* value) { return *value == *step.operand; });
  return step.negated ? !found.empty() && !equal : equal;
}

void JsonPath::take(const Step& step, const json& value, std::vector<const json*>& out) {
  if (step.kind == Step::Kind::kMember) {
    if (!value.is_object()) return;
    const auto member = value.find(step.name);
    if (member != value.end()) out.push_back(&*member);
    return;
  }
  if (step.kind == Step::Kind::kAll && value.is_object()) {
    for (const json& member : value) out.push_back(&member);
  }
  if (!value.is_array()) return;
  const long size = static_cast<long>(value.size());
  const auto absolute = [size](long index) {
    return std::clamp(index < 0 ? index + size : index, 0L, size);
  };
  const bool slice = step.kind == Step::Kind::kSlice;
  const long from = slice && step.from ? absolute(*step.from) : 0;
  const long to = slice && step.to ? absolute(*step.to) : size;
  for (long i = from; i < to; ++i) {
    const json& item = value[static_cast<std::size_t>(i)];
    if (step.kind != Step::Kind::kFilter || matches(step, item)) out.push_back(&item);
  }
}

std::vector<const json*> JsonPath::find(const json& root) const {
  std::vector<const json*> current{&root};
  for (const Step& step : steps_) {
    std::vector<const json*> next;
    for (const json* value : current) take(step, *value, next);
    current = std::move(next);
  }
  return current;
}

}  // namespace tollgate::controller::schema
