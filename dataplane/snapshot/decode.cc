#include <concepts>
#include <type_traits>

#include "dataplane/base/hash.h"
#include "dataplane/json/reader.h"
#include "dataplane/snapshot/codec.h"
#include "dataplane/snapshot/limit_members.h"
#include "dataplane/snapshot/limits.h"
#include "dataplane/snapshot/members.h"
#include "dataplane/snapshot/names.h"
#include "dataplane/snapshot/route_members.h"

namespace tollgate::dataplane::snapshot {

namespace {

using base::Status;

constexpr std::int64_t kMaxMilliseconds = 366LL * 24 * 3600 * 1000;

base::Error invalid(std::string_view why) {
  return base::config_error(base::Code::kInvalidArgument, std::string(why));
}

/// Says where: "matches[3].path: expected a string".
base::Error within(base::Error error, std::string_view where) {
  const bool deeper = error.detail.starts_with('[');
  const bool leaf = error.detail.find(": ") == std::string::npos;
  error.detail = std::string(where) + (deeper ? "" : leaf ? ": " : ".") + error.detail;
  return error;
}

Status read(json::Value& in, std::string& out) {
  auto text = in.string();
  if (!text) return invalid("expected a string");
  if (text->size() > kMaxStringBytes) return invalid("the string is too long");
  out.assign(*text);
  return {};
}

Status read(json::Value& in, bool& out) {
  auto value = in.boolean();
  if (!value) return invalid("expected true or false");
  out = *value;
  return {};
}

template <std::integral I>
  requires(!std::same_as<I, bool>)
Status read(json::Value& in, I& out) {
  auto value = in.integer();
  if (!value || !std::in_range<I>(*value)) {
    return invalid("expected a whole number within its range");
  }
  out = static_cast<I>(*value);
  return {};
}

Status read(json::Value& in, std::chrono::milliseconds& out) {
  auto value = in.integer();
  if (!value || *value < 0 || *value > kMaxMilliseconds) {
    return invalid("expected milliseconds within a year");
  }
  out = std::chrono::milliseconds(*value);
  return {};
}

Status read(json::Value& in, base::Secret& out) {
  auto text = in.string();
  if (!text) return invalid("expected a string");
  auto bytes = base::base64_decode(*text);
  if (!bytes) return invalid("expected base64");
  out = base::Secret(std::move(*bytes));
  return {};
}

template <typename E>
  requires std::is_enum_v<E>
Status read(json::Value& in, E& out) {
  auto text = in.string();
  if (!text) return invalid("expected a string");
  for (const auto& [enumerator, name] : Names<E>::kAll) {
    if (name == *text) {
      out = enumerator;
      return {};
    }
  }
  return invalid("unknown value");
}

template <typename T>
  requires std::is_class_v<T>
Status read(json::Value& in, T& out);

template <typename T>
Status read(json::Value& in, std::optional<T>& out) {
  return read(in, out.emplace());
}

template <typename T>
Status read(json::Value& in, std::vector<T>& out) {
  auto elements = in.elements();
  if (!elements) return invalid("expected an array");
  while (elements->next()) {
    if (out.size() == kMaxElements) return invalid("the array is too long");
    Status status = read(elements->value(), out.emplace_back());
    if (!status) {
      return within(std::move(status).error(), "[" + std::to_string(out.size() - 1) + "]");
    }
  }
  return {};
}

/// Reads the member called `key` of `out`; at most 64 members per type, each at most once.
template <typename T>
Status read_member(std::string_view key, json::Value& in, T& out, std::uint64_t& seen) {
  bool known = false;
  Status status;
  unsigned position = 0;
  Members<T>::each([&](std::string_view name, auto member) {
    const std::uint64_t bit = 1ULL << position++;
    if (known || name != key) return;
    known = true;
    status = (seen & bit) != 0 ? Status(invalid("given twice")) : read(in, out.*member);
    seen |= bit;
  });
  if (!known) return invalid("unknown member");
  return status;
}

template <typename T>
  requires std::is_class_v<T>
Status read(json::Value& in, T& out) {
  auto members = in.members();
  if (!members) return invalid("expected an object");
  std::uint64_t seen = 0;
  while (members->next()) {
    const std::string key(members->key());
    Status status = read_member(key, members->value(), out, seen);
    if (!status) return within(std::move(status).error(), key);
  }
  return {};
}

template <typename T>
base::Result<Value> decode_as(std::string_view body) {
  const json::PaddedText text(body);
  json::Reader reader(kMaxNesting);
  auto root = reader.open(text.view());
  if (!root) return invalid("not one JSON object");
  T value;
  TRY(read(*root, value));
  if (!reader.finish()) return invalid("not one JSON object");
  return Value(std::move(value));
}

using Decoder = base::Result<Value> (*)(std::string_view);

constexpr std::pair<std::string_view, Decoder> kDecoders[] = {
    {"backend", &decode_as<Backend>},     {"client_policy", &decode_as<ClientPolicy>},
    {"costs", &decode_as<Costs>},         {"credential", &decode_as<Credential>},
    {"endpoints", &decode_as<Endpoints>}, {"gateway", &decode_as<Gateway>},
    {"limits", &decode_as<Limits>},       {"listener", &decode_as<Listener>},
    {"route", &decode_as<Route>},         {"rule", &decode_as<Rule>},
    {"secret", &decode_as<SecretValue>},  {"store", &decode_as<LimitStore>},
    {"upstream", &decode_as<Upstream>},
};

}  // namespace

base::Result<Value> decode(std::string_view kind, std::string_view body) {
  if (body.size() > kMaxBodyBytes) return invalid("the resource is too large");
  for (const auto& [name, decoder] : kDecoders) {
    if (name == kind) return decoder(body);
  }
  return base::config_error(base::Code::kUnsupported, "unknown kind '" + std::string(kind) + "'");
}

}  // namespace tollgate::dataplane::snapshot
