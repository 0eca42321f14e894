#include "dataplane/telemetry/exposition.h"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace tollgate::dataplane::telemetry {

namespace {

std::string_view type_name(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
  }
  return "untyped";
}

void append_number(std::string& out, double value) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

void append_head(std::string& out, std::string_view name, std::string_view help, MetricType type) {
  out.append("# HELP ").append(name).append(" ").append(help);
  out.append("\n# TYPE ").append(name).append(" ").append(type_name(type)).append("\n");
}

void append_label(std::string& out, std::string_view name, std::string_view value) {
  out += out.back() == '{' ? "" : ",";
  out.append(name).append("=\"");
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  out += '"';
}

/// `name{labels` without the closing brace.
std::string series_start(std::string_view name, std::string_view suffix,
                         std::span<const std::string_view> labels,
                         std::span<const std::string> values) {
  std::string text(name);
  text.append(suffix).append("{");
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (!values[i].empty()) append_label(text, labels[i], values[i]);  // empty means absent
  }
  return text;
}

void append_histogram(std::string& out, const FamilyInfo& info, std::span<const std::string> values,
                      std::span<const std::uint64_t> cells, double sum) {
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    below += cells[i];
    std::string bound = "+Inf";
    if (i < info.bounds.size()) {
      bound.clear();
      append_number(bound, info.bounds[i]);
    }
    std::string line = series_start(info.name, "_bucket", info.labels, values);
    append_label(line, "le", bound);
    out.append(line).append("} ").append(std::to_string(below)).append("\n");
  }
  out.append(series_start(info.name, "_sum", info.labels, values)).append("} ");
  append_number(out, sum);
  out.append("\n").append(series_start(info.name, "_count", info.labels, values));
  out.append("} ").append(std::to_string(below)).append("\n");
}

}  // namespace

void Exposition::add(const Shard& shard) {
  shard.each([this](Family family, std::span<const std::string_view> labels,
                    std::span<const std::uint64_t> cells, double sum) {
    Sum& total = sums_[static_cast<std::size_t>(family)][Labels(labels.begin(), labels.end())];
    total.cells.resize(cells.size());
    for (std::size_t i = 0; i < cells.size(); ++i) total.cells[i] += cells[i];
    total.sum += sum;
  });
}

void Exposition::merge(const Exposition& other) {
  for (std::size_t family = 0; family < sums_.size(); ++family) {
    for (const auto& [labels, from] : other.sums_[family]) {
      Sum& to = sums_[family][labels];
      to.cells.resize(std::max(to.cells.size(), from.cells.size()));
      for (std::size_t i = 0; i < from.cells.size(); ++i) to.cells[i] += from.cells[i];
      to.sum += from.sum;
    }
  }
  for (const Reading& from : other.readings_) {
    // Behind the last of the same name, so that a name's readings stay together.
    auto place = readings_.end();
    bool found = false;
    for (auto at = readings_.begin(); at != readings_.end() && !found; ++at) {
      if (at->name != from.name) continue;
      place = std::next(at);
      found = at->labels == from.labels;
      if (found) at->value += from.value;
    }
    if (!found) readings_.insert(place, from);
  }
}

std::string Exposition::text() const {
  std::string out;
  for (std::size_t f = 0; f < kFamilies; ++f) {
    if (sums_[f].empty()) continue;
    const FamilyInfo& info = family_info(static_cast<Family>(f));
    append_head(out, info.name, info.help, info.type);
    for (const auto& [labels, total] : sums_[f]) {
      if (info.type == MetricType::kHistogram) {
        append_histogram(out, info, labels, total.cells, total.sum);
      } else {
        out.append(series_start(info.name, "", info.labels, labels)).append("} ");
        out.append(std::to_string(total.cells[0])).append("\n");
      }
    }
  }
  std::string_view last;
  for (const Reading& reading : readings_) {
    if (reading.name != last) append_head(out, reading.name, reading.help, reading.type);
    last = reading.name;
    std::string line(reading.name);
    line += '{';
    for (const auto& [name, value] : reading.labels) append_label(line, name, value);
    if (reading.labels.empty()) {
      line.pop_back();
    } else {
      line += '}';
    }
    out.append(line).append(" ");
    append_number(out, reading.value);
    out.append("\n");
  }
  return out;
}

}  // namespace tollgate::dataplane::telemetry
