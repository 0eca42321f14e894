#include "controller/yaml/builder.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace tollgate::controller::yaml {

using nlohmann::json;

class Builder::Impl {
 public:
  using Position = Builder::Position;
  explicit Impl(const Limits& limits) : limits_(limits) {}

  void start(Position at, std::size_t anchor, json empty);
  void end();
  void scalar(Position at, std::size_t anchor, Style style, const std::string& tag,
              const std::string& text);
  void alias(Position at, std::size_t anchor);
  void set_key(Position at, std::string name, bool merge);
  void value(Position at, json typed);
  void fail(Position at, std::string message);
  bool failed() const { return problem_.has_value(); }
  const std::optional<Problem>& problem() const { return problem_; }
  std::optional<Document> take();

 private:
  /// A value with its lines and what it counts against the limits.
  struct Value {
    json data;
    LineMap::Node lines;
    std::size_t values = 1;
    std::size_t text_bytes = 0;
  };
  struct Frame {
    Value value;
    std::size_t anchor = 0;
    std::optional<std::string> key;  // set while a map waits for the value of this key
    bool merge_key = false;          // the key is a plain "<<"
    int key_line = 0;
    std::vector<Value> merges;
  };

  bool takes_key() const;
  void deliver(Position at, Value value, std::size_t anchor);
  void deliver_member(Position at, Frame& frame, Value value);
  void collect_merge(Position at, Frame& frame, Value value);
  static void apply_merges(Frame& frame);
  bool charge(Position at, std::size_t values, std::size_t text_bytes);

  const Limits limits_;
  std::vector<Frame> stack_;
  std::map<std::size_t, Value> anchors_;
  std::optional<Value> root_;
  std::optional<Problem> problem_;
  std::size_t values_ = 0;
  std::size_t text_bytes_ = 0;
};

void Builder::Impl::fail(Position at, std::string message) {
  if (!problem_) problem_ = Problem{at.line, at.column, std::move(message)};
}

bool Builder::Impl::charge(Position at, std::size_t values, std::size_t text_bytes) {
  values_ += values;
  text_bytes_ += text_bytes;
  if (values_ > limits_.max_values) {
    fail(at, "the document has more than " + std::to_string(limits_.max_values) +
                 " values, with aliases expanded");
  } else if (text_bytes_ > limits_.max_text_bytes) {
    fail(at, "the document has more than " + std::to_string(limits_.max_text_bytes) +
                 " bytes of text, with aliases expanded");
  }
  return !failed();
}

bool Builder::Impl::takes_key() const {
  return !stack_.empty() && stack_.back().value.data.is_object() && !stack_.back().key;
}

void Builder::Impl::set_key(Position at, std::string name, bool merge) {
  Frame& frame = stack_.back();
  if (!merge && frame.value.data.contains(name)) {
    return fail(at, "the key \"" + name + "\" is given twice");
  }
  if (!charge(at, 0, name.size())) return;
  frame.value.text_bytes += name.size();
  frame.key = std::move(name);
  frame.merge_key = merge;
  frame.key_line = at.line;
}

void Builder::Impl::value(Position at, json typed) {
  if (failed()) return;
  const std::size_t bytes = typed.is_string() ? typed.get_ref<const std::string&>().size() : 0;
  if (charge(at, 1, bytes)) deliver(at, Value{std::move(typed), {{}, at.line, {}}, 1, bytes}, 0);
}

void Builder::Impl::start(Position at, std::size_t anchor, json empty) {
  if (failed()) return;
  if (takes_key()) return fail(at, "a key must be a scalar");
  if (stack_.size() >= limits_.max_depth) {
    return fail(
        at, "values are nested more than " + std::to_string(limits_.max_depth) + " levels deep");
  }
  if (!charge(at, 1, 0)) return;
  Frame frame;
  frame.value.data = std::move(empty);
  frame.value.lines.line = at.line;
  frame.anchor = anchor;
  stack_.push_back(std::move(frame));
}

void Builder::Impl::end() {
  if (failed() || stack_.empty()) return;
  Frame frame = std::move(stack_.back());
  stack_.pop_back();
  apply_merges(frame);
  const Position at{frame.value.lines.line, 0};
  deliver(at, std::move(frame.value), frame.anchor);
}

void Builder::Impl::scalar(Position at, std::size_t anchor, Style style, const std::string& tag,
                           const std::string& text) {
  if (failed()) return;
  if (takes_key() && style == Style::kPlain && tag.empty() && text == "<<") {
    return set_key(at, text, true);
  }
  Value value;
  if (std::string wrong = resolve_scalar(style, tag, text, value.data); !wrong.empty()) {
    return fail(at, std::move(wrong));
  }
  if (takes_key()) {
    if (value.data.is_null()) return fail(at, "a key must not be null");
    return set_key(at, value.data.is_string() ? value.data.get<std::string>() : value.data.dump(),
                   false);
  }
  value.lines.line = at.line;
  value.text_bytes = value.data.is_string() ? text.size() : 0;
  if (charge(at, 1, value.text_bytes)) deliver(at, std::move(value), anchor);
}

void Builder::Impl::alias(Position at, std::size_t anchor) {
  if (failed()) return;
  const auto found = anchors_.find(anchor);
  if (found == anchors_.end()) return fail(at, "an alias refers to a value that contains it");
  const Value& target = found->second;
  if (takes_key()) {
    if (!target.data.is_string()) return fail(at, "a key must be a scalar");
    return set_key(at, target.data.get<std::string>(), false);
  }
  if (!charge(at, target.values, target.text_bytes)) return;
  Value copy{target.data, {{}, at.line, {}}, target.values, target.text_bytes};
  deliver(at, std::move(copy), 0);
}

void Builder::Impl::deliver(Position at, Value value, std::size_t anchor) {
  if (anchor != 0) {
    if (!charge(at, value.values, value.text_bytes)) return;
    anchors_[anchor] = value;
  }
  if (stack_.empty()) {
    root_ = std::move(value);
    return;
  }
  Frame& frame = stack_.back();
  if (frame.merge_key && frame.key) return collect_merge(at, frame, std::move(value));
  deliver_member(at, frame, std::move(value));
}

void Builder::Impl::deliver_member(Position at, Frame& frame, Value value) {
  Value& parent = frame.value;
  parent.values += value.values;
  parent.text_bytes += value.text_bytes;
  if (parent.data.is_array()) {
    value.lines.key = std::to_string(parent.data.size());
    value.lines.line = at.line;
    parent.data.push_back(std::move(value.data));
  } else {
    value.lines.key = *frame.key;
    value.lines.line = frame.key_line;
    parent.data[*frame.key] = std::move(value.data);
    frame.key.reset();
  }
  parent.lines.children.push_back(std::move(value.lines));
}

void Builder::Impl::collect_merge(Position at, Frame& frame, Value value) {
  frame.key.reset();
  frame.value.values += value.values;
  frame.value.text_bytes += value.text_bytes;
  value.lines.line = frame.key_line;
  const bool list = value.data.is_array();
  const auto is_map = [](const json& member) { return member.is_object(); };
  if (!value.data.is_object() &&
      !(list && std::all_of(value.data.begin(), value.data.end(), is_map))) {
    return fail(at, "\"<<\" takes a map or a list of maps");
  }
  if (!list) {
    frame.merges.push_back(std::move(value));
    return;
  }
  for (json& map : value.data) {
    frame.merges.push_back(Value{std::move(map), {{}, frame.key_line, {}}, 0, 0});
  }
}

/// Keys of the map itself come before merged ones, and earlier merges before later ones.
void Builder::Impl::apply_merges(Frame& frame) {
  for (Value& merge : frame.merges) {
    for (auto& [name, member] : merge.data.items()) {
      if (frame.value.data.contains(name)) continue;
      frame.value.data[name] = std::move(member);
      frame.value.lines.children.push_back({name, merge.lines.line, {}});
    }
  }
}

std::optional<Document> Builder::Impl::take() {
  if (failed() || !stack_.empty() || !root_ || root_->data.is_null()) return {};
  Document document{std::make_shared<json>(std::move(root_->data)),
                    LineMap(std::move(root_->lines))};
  root_.reset();
  return document;
}

Builder::Builder(const Limits& limits) : impl_(std::make_unique<Impl>(limits)) {}
Builder::~Builder() = default;

void Builder::map_start(Position at, std::size_t anchor) {
  impl_->start(at, anchor, json::object());
}
void Builder::map_end() {
  impl_->end();
}
void Builder::list_start(Position at, std::size_t anchor) {
  impl_->start(at, anchor, json::array());
}
void Builder::list_end() {
  impl_->end();
}
void Builder::scalar(Position at, std::size_t anchor, Style style, const std::string& tag,
                     const std::string& text) {
  impl_->scalar(at, anchor, style, tag, text);
}
void Builder::null(Position at, std::size_t anchor) {
  impl_->scalar(at, anchor, Style::kPlain, {}, {});
}
void Builder::alias(Position at, std::size_t anchor) {
  impl_->alias(at, anchor);
}
void Builder::key(Position at, std::string name) {
  if (!failed()) impl_->set_key(at, std::move(name), false);
}
void Builder::value(Position at, json typed) {
  impl_->value(at, std::move(typed));
}
void Builder::fail(Position at, std::string message) {
  impl_->fail(at, std::move(message));
}
bool Builder::failed() const {
  return impl_->failed();
}
const std::optional<Problem>& Builder::problem() const {
  return impl_->problem();
}
std::optional<Document> Builder::take() {
  return impl_->take();
}

}  // namespace tollgate::controller::yaml
