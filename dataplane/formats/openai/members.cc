#include "dataplane/formats/openai/members.h"

#include <array>
#include <string>
#include <utility>

namespace tollgate::dataplane::formats::openai {
namespace {

using chat::bad_request;

struct NumberMember {
  std::string_view name;
  std::optional<chat::Number> chat::Sampling::* place;
};

constexpr std::array kNumbers{
    NumberMember{"temperature", &chat::Sampling::temperature},
    NumberMember{"top_p", &chat::Sampling::top_p},
    NumberMember{"top_k", &chat::Sampling::top_k},
    NumberMember{"presence_penalty", &chat::Sampling::presence_penalty},
    NumberMember{"frequency_penalty", &chat::Sampling::frequency_penalty},
    NumberMember{"seed", &chat::Sampling::seed},
    NumberMember{"n", &chat::Sampling::choices},
};

struct TextMember {
  std::string_view name;
  std::string_view chat::Request::* place;
};

constexpr std::array kTexts{
    TextMember{"model", &chat::Request::model},
    TextMember{"user", &chat::Request::user},
    TextMember{"service_tier", &chat::Request::service_tier},
};

}  // namespace

base::Error below(base::Error error, std::string_view list, std::size_t index) {
  std::string where(list);
  where += '[';
  where += std::to_string(index);
  where += "].";
  error.detail.insert(0, where);
  return error;
}

void RequestReader::extra(chat::Extras& extras, std::string_view name,
                          const json::Value& value) const {
  extras.push_back(keeper_.extra(name, value));
}

void RequestReader::nested_extra(chat::Extras& extras, std::string_view object,
                                 std::string_view name, const json::Value& value) const {
  extras.push_back({arena_.concat({object, ".", name}), chat::Keeper::raw(value)});
}

base::Result<bool> RequestReader::sampling(std::string_view name, const json::Value& value,
                                           chat::Sampling& sampling) const {
  for (const NumberMember& member : kNumbers) {
    if (member.name != name) continue;
    TRY_ASSIGN(sampling.*member.place, keeper_.number(value, name));
    return true;
  }
  if (name == "stop") return stop(value, sampling);
  if (name != "logit_bias") return false;
  TRY_ASSIGN(sampling.logit_bias, object(value, name));
  return true;
}

base::Result<bool> RequestReader::stop(const json::Value& value, chat::Sampling& sampling) const {
  if (value.type() == json::Type::kString) {
    TRY_ASSIGN(const std::string_view text, keeper_.text(value, "stop"));
    sampling.stop.push_back(text);
    sampling.plain_stop = true;
    return true;
  }
  auto elements = value.elements();
  if (!elements) return bad_request("stop", "must be a string or a list of strings");
  while (elements->next()) {
    TRY_ASSIGN(const std::string_view text, keeper_.text(elements->value(), "stop"));
    sampling.stop.push_back(text);
  }
  return !sampling.stop.empty();  // an empty list is an extra
}

base::Result<bool> RequestReader::common(std::string_view name, const json::Value& value,
                                         chat::Request& request) const {
  for (const TextMember& member : kTexts) {
    if (member.name != name) continue;
    TRY_ASSIGN(request.*member.place, keeper_.text(value, name));
    return !(request.*member.place).empty();
  }
  if (name == "metadata") {
    TRY_ASSIGN(request.metadata, object(value, name));
    return true;
  }
  if (name == "stream") {
    TRY_ASSIGN(request.stream, keeper_.boolean(value, name));
    return true;
  }
  if (name == "parallel_tool_calls") {
    TRY_ASSIGN(request.parallel_tool_calls, keeper_.boolean(value, name));
    return true;
  }
  if (name != "stream_options") return false;
  auto members = value.members();
  if (!members) return bad_request(name, "must be an object");
  bool any = false;
  while (members->next()) {
    any = true;
    if (members->key() == "include_usage" && members->value().type() == json::Type::kBool) {
      TRY_ASSIGN(request.include_usage, keeper_.boolean(members->value(), name));
    } else {
      nested_extra(request.extras, name, members->key(), members->value());
    }
  }
  return any;
}

base::Result<bool> RequestReader::cache(const json::Value& value, chat::CacheMark& mark) const {
  auto members = value.members();
  if (!members) return false;
  chat::CacheMark found;
  while (members->next()) {
    const json::Value& member = members->value();
    if (members->key() == "type" && member.type() == json::Type::kString) {
      found.set = *member.string() == "ephemeral";
    } else if (members->key() == "ttl" && member.type() == json::Type::kString) {
      TRY_ASSIGN(found.ttl, keeper_.text(member, "cache_control.ttl"));
    } else {
      return false;
    }
  }
  if (found.set) mark = found;
  return found.set;
}

void RequestReader::arguments(std::string_view text, chat::Block& block) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    block.json = "{}";
    return;
  }
  block.json = text;
  if (!arguments_reader_) arguments_reader_.emplace();
  const json::PaddedText padded(text);
  const auto value = arguments_reader_->open(padded.view());
  block.json_broken = !value || value->type() != json::Type::kObject;
}

base::Result<std::string_view> RequestReader::object(const json::Value& value,
                                                     std::string_view where) const {
  if (value.type() != json::Type::kObject) return bad_request(where, "must be an object");
  return chat::Keeper::raw(value);
}

}  // namespace tollgate::dataplane::formats::openai
