#include "dataplane/cel/value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "dataplane/base/text.h"

namespace tollgate::dataplane::cel {

namespace {

constexpr double kTwo63 = 9223372036854775808.0;
constexpr double kTwo64 = 18446744073709551616.0;

bool is_number(Kind kind) {
  return kind == Kind::kInt || kind == Kind::kUint || kind == Kind::kDouble;
}

template <typename T>
Order order_of(const T& a, const T& b) {
  if (a < b) return Order::kLess;
  return b < a ? Order::kGreater : Order::kEqual;
}

Order reversed(Order order) {
  if (order == Order::kLess) return Order::kGreater;
  return order == Order::kGreater ? Order::kLess : order;
}

Order compare_int_uint(std::int64_t a, std::uint64_t b) {
  return a < 0 ? Order::kLess : order_of(static_cast<std::uint64_t>(a), b);
}

/// Exact: the double's whole part first, then its fraction.
template <typename I>
Order compare_whole_double(I a, double b) {
  if (std::isnan(b)) return Order::kNone;
  const double low = std::is_signed_v<I> ? -kTwo63 : 0.0;
  const double high = std::is_signed_v<I> ? kTwo63 : kTwo64;
  if (b < low) return Order::kGreater;
  if (b >= high) return Order::kLess;
  const double whole = std::trunc(b);
  const Order order = order_of(a, static_cast<I>(whole));
  return order == Order::kEqual ? order_of(0.0, b - whole) : order;
}

Order compare_doubles(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? Order::kNone : order_of(a, b);
}

Order compare_numbers(const Value& a, const Value& b) {
  const auto* ai = a.as<std::int64_t>();
  const auto* au = a.as<std::uint64_t>();
  const auto* ad = a.as<double>();
  const auto* bi = b.as<std::int64_t>();
  const auto* bu = b.as<std::uint64_t>();
  const auto* bd = b.as<double>();
  if (ai != nullptr && bi != nullptr) return order_of(*ai, *bi);
  if (au != nullptr && bu != nullptr) return order_of(*au, *bu);
  if (ad != nullptr && bd != nullptr) return compare_doubles(*ad, *bd);
  if (ai != nullptr && bu != nullptr) return compare_int_uint(*ai, *bu);
  if (au != nullptr && bi != nullptr) return reversed(compare_int_uint(*bi, *au));
  if (ai != nullptr) return compare_whole_double(*ai, *bd);
  if (au != nullptr) return compare_whole_double(*au, *bd);
  if (bi != nullptr) return reversed(compare_whole_double(*bi, *ad));
  return reversed(compare_whole_double(*bu, *ad));
}

bool equal_lists(const List& a, const List& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), equal);
}

bool equal_maps(const Map& a, const Map& b) {
  return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&b](const auto& entry) {
           const Value* other = find_entry(b, entry.first);
           return other != nullptr && equal(entry.second, *other);
         });
}

std::string bytes_text(const std::string& data) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out = "b\"";
  for (const char c : data) {
    const auto byte = static_cast<unsigned char>(c);
    out += "\\x";
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out + '"';
}

std::string map_text(const Map& map) {
  std::vector<std::string> entries;
  entries.reserve(map.size());
  for (const auto& [key, value] : map) entries.push_back(to_text(key) + ": " + to_text(value));
  std::sort(entries.begin(), entries.end());
  std::string out = "{";
  for (const std::string& entry : entries) out += (out.size() > 1 ? ", " : "") + entry;
  return out + '}';
}

}  // namespace

Value make_list(List elements) {
  return {std::make_shared<const List>(std::move(elements))};
}

Value make_map(Map entries) {
  return {std::make_shared<const Map>(std::move(entries))};
}

bool comparable(const Value& a, const Value& b) {
  if (is_number(a.kind())) return is_number(b.kind());
  const bool ordered =
      a.kind() == Kind::kBool || a.kind() == Kind::kString || a.kind() == Kind::kBytes;
  return ordered && a.kind() == b.kind();
}

Order compare(const Value& a, const Value& b) {
  if (!comparable(a, b)) return Order::kNone;
  if (is_number(a.kind())) return compare_numbers(a, b);
  if (const auto* text = a.as<std::string>()) return order_of(*text, *b.as<std::string>());
  if (const auto* bytes = a.as<Bytes>()) return order_of(bytes->data, b.as<Bytes>()->data);
  return order_of(static_cast<int>(*a.as<bool>()), static_cast<int>(*b.as<bool>()));
}

bool equal(const Value& a, const Value& b) {
  if (a.kind() == Kind::kNull) return b.kind() == Kind::kNull;
  if (a.list() != nullptr) return b.list() != nullptr && equal_lists(*a.list(), *b.list());
  if (a.map() != nullptr) return b.map() != nullptr && equal_maps(*a.map(), *b.map());
  return compare(a, b) == Order::kEqual;
}

const Value* find_entry(const Map& map, const Value& key) {
  for (const auto& [candidate, value] : map) {
    if (equal(candidate, key)) return &value;
  }
  return nullptr;
}

std::string to_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  constexpr int kSmallestFixed = -4;
  constexpr int kLargestFixed = 6;
  std::array<char, 400> buffer{};
  auto end =
      std::to_chars(buffer.data(), buffer.data() + 40, value, std::chars_format::scientific).ptr;
  std::string text(buffer.data(), end);
  const int exponent = std::atoi(text.c_str() + text.find('e') + 1);
  if (exponent >= kSmallestFixed && exponent < kLargestFixed) {
    end =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed)
            .ptr;
    text.assign(buffer.data(), end);
  }
  return text;
}

std::string to_text(const Value& value) {
  if (const auto* boolean = value.as<bool>()) return *boolean ? "true" : "false";
  if (const auto* whole = value.as<std::int64_t>()) return std::to_string(*whole);
  if (const auto* natural = value.as<std::uint64_t>()) return std::to_string(*natural) + "u";
  if (const auto* number = value.as<double>()) return to_text(*number);
  if (const auto* text = value.as<std::string>()) {
    std::string out;
    base::append_json_string(out, *text);
    return out;
  }
  if (const auto* bytes = value.as<Bytes>()) return bytes_text(bytes->data);
  if (value.map() != nullptr) return map_text(*value.map());
  if (value.list() == nullptr) return "null";
  std::string out = "[";
  for (const Value& element : *value.list()) out += (out.size() > 1 ? ", " : "") + to_text(element);
  return out + ']';
}

}  // namespace tollgate::dataplane::cel
