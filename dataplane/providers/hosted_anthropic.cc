#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "dataplane/base/text.h"
#include "dataplane/formats/json_members.h"
#include "dataplane/providers/invoke_answer.h"
#include "dataplane/providers/passing_answer.h"
#include "dataplane/providers/registry.h"
#include "dataplane/providers/request_parts.h"

namespace tollgate::dataplane::providers {
namespace {

/// Flags of one request: more than there are known ones is never sent.
constexpr std::size_t kMaxFlags = 32;

/// anthropic-beta flags that Bedrock takes in the body; it refuses requests with any other.
constexpr std::array<std::string_view, 17> kKnownFlags{
    "compact-2026-01-12",
    "computer-use-2024-10-22",
    "computer-use-2025-01-24",
    "computer-use-2025-11-24",
    "context-1m-2025-08-07",
    "context-management-2025-06-27",
    "dev-full-thinking-2025-05-14",
    "effort-2025-11-24",
    "extended-cache-ttl-2025-04-11",
    "fine-grained-tool-streaming-2025-05-14",
    "interleaved-thinking-2025-05-14",
    "output-128k-2025-02-19",
    "prompt-caching-2024-07-31",
    "structured-outputs-2025-11-13",
    "token-efficient-tools-2025-02-19",
    "tool-examples-2025-10-29",
    "tool-search-tool-2025-10-19",
};

struct Alias {
  std::string_view anthropic;
  std::string_view bedrock;
};
/// Features that Bedrock knows under another name.
constexpr std::array kAliases{
    Alias{"advanced-tool-use-2025-11-20", "tool-search-tool-2025-10-19"},
};

/// Bedrock's name of a flag; empty if it has none.
std::string_view bedrock_flag(std::string_view flag) {
  for (const Alias& alias : kAliases) {
    if (alias.anthropic == flag) {
      flag = alias.bedrock;
    }
  }
  return std::find(kKnownFlags.begin(), kKnownFlags.end(), flag) == kKnownFlags.end()
             ? std::string_view{}
             : flag;
}

/// The known flags of all anthropic-beta fields, each once, in the order of the client.
std::vector<std::string_view> beta_flags(const http::FieldList& fields) {
  std::vector<std::string_view> flags;
  for (const http::Field* field = fields.find("anthropic-beta"); field != nullptr;
       field = fields.find_next("anthropic-beta", field)) {
    for (const std::string_view part : base::split(field->value, ',')) {
      const std::string_view flag = bedrock_flag(base::trim(part));
      if (!flag.empty() && flags.size() < kMaxFlags &&
          std::find(flags.begin(), flags.end(), flag) == flags.end()) {
        flags.push_back(flag);
      }
    }
  }
  return flags;
}

/// Takes members out of the body and adds others behind the last one.
class MemberEdits {
 public:
  MemberEdits(std::string_view body, json::Splice& splice) : body_(body), splice_(splice) {
    const std::size_t last = body.find_last_not_of(" \t\r\n");
    close_ = last == std::string_view::npos ? 0 : last;
    const std::size_t before = body.substr(0, close_).find_last_not_of(" \t\r\n");
    comma_before_next_ = before != std::string_view::npos && body[before] != '{';
  }

  /// Removes the member whose value is `value` (a part of the body), with its key and the comma
  /// behind it. The last member leaves the comma before it to what is added.
  void remove(json::Range value) {
    if (value.length == 0) {
      return;
    }
    const std::size_t colon = body_.substr(0, value.offset).find_last_of(':');
    const std::size_t key_close = body_.substr(0, colon).find_last_of('"');
    const std::size_t key_open = body_.substr(0, key_close).find_last_of('"');
    std::size_t end = body_.find_first_not_of(" \t\r\n", value.end());
    if (end != std::string_view::npos && body_[end] == ',') {
      ++end;
    } else {
      end = value.end();
      comma_before_next_ = false;
    }
    splice_.replace({key_open, end - key_open}, {});
  }
  void remove(std::string_view value) {
    if (value.empty()) {
      return;
    }
    remove(json::Range{static_cast<std::size_t>(value.data() - body_.data()), value.size()});
  }

  /// `member` is `"key":value`. Call after all removals; the text lives as long as the splice.
  void append(std::string_view member, base::Arena& arena) {
    splice_.insert(close_, comma_before_next_ ? arena.concat({",", member}) : member);
    comma_before_next_ = true;
  }

 private:
  std::string_view body_;
  json::Splice& splice_;
  std::size_t close_ = 0;
  bool comma_before_next_ = false;
};

/// Top-level members that a client which knows Bedrock may have written itself.
struct OwnMembers {
  std::string_view version;
  std::string_view beta;
};

OwnMembers own_members(std::string_view body) {
  OwnMembers own;
  // Almost no body has them; a search for the text is far cheaper than a walk. A key spelled with
  // escapes is not found here: then Bedrock sees the member twice and refuses the request.
  if (body.find("anthropic_") == std::string_view::npos) {
    return own;
  }
  formats::JsonMembers members(body);
  while (members.next()) {
    if (members.key_is("anthropic_version")) {
      own.version = members.value();
    } else if (members.key_is("anthropic_beta")) {
      own.beta = members.value();
    }
  }
  return own;
}

/// Writes `anthropic_version`, after all removals.
void set_version(const PrepareContext& context, const OwnMembers& own, MemberEdits& edits) {
  // The backend's version wins over the client's, which wins over the default.
  std::string_view version = own.version;
  if (version.empty() || !context.backend.version.empty()) {
    version = json_string(context.backend.version.empty() ? context.provider.default_version
                                                          : context.backend.version,
                          context.arena);
  }
  edits.append(context.arena.concat({R"("anthropic_version":)", version}), context.arena);
}

void edit_invoke_body(const PrepareContext& context, json::Splice& splice) {
  const json::BodyScan& scan = *context.request.scan;
  const OwnMembers own = own_members(context.request.body);
  const std::vector<std::string_view> flags = beta_flags(context.head.fields);
  MemberEdits edits(context.request.body, splice);
  edits.remove(scan.model_token);
  edits.remove(scan.stream_token);
  edits.remove(own.version);
  if (!flags.empty()) {
    edits.remove(own.beta);
  }
  set_version(context, own, edits);
  if (!flags.empty()) {
    std::string member = R"("anthropic_beta":[)";
    for (std::size_t i = 0; i < flags.size(); ++i) {
      member += i == 0 ? "\"" : ",\"";
      member += flags[i];
      member += '"';
    }
    member += ']';
    edits.append(context.arena.copy(member), context.arena);
  }
}

void drop_anthropic_fields(http::FieldList& fields, bool keep_beta) {
  fields.remove_if([keep_beta](const http::Field& field) {
    const std::string name = base::to_lower(field.name);
    return name.starts_with("anthropic-") && !(keep_beta && name == "anthropic-beta");
  });
}

base::Result<UpstreamRequest> prepare_invoke(const PrepareContext& context) {
  UpstreamRequest out;
  out.model = request_model(context);
  out.streamed = context.request.streamed;
  json::Splice splice;
  edit_invoke_body(context, splice);
  TRY(set_target(context, out.streamed ? "/model/{model}/invoke-with-response-stream"
                                       : "/model/{model}/invoke"));
  set_json_body(context, splice, out);

  http::FieldList& fields = context.head.fields;
  drop_anthropic_fields(fields, false);
  fields.set("content-type", "application/json");
  fields.set("accept", out.streamed ? "application/vnd.amazon.eventstream" : "application/json");
  out.answer = std::make_unique<InvokeAnswer>();
  out.enveloped = true;
  return out;
}

base::Result<UpstreamRequest> prepare_raw_predict(const PrepareContext& context) {
  UpstreamRequest out;
  out.model = request_model(context);
  out.streamed = context.request.streamed;
  const OwnMembers own = own_members(context.request.body);
  json::Splice splice;
  MemberEdits edits(context.request.body, splice);
  edits.remove(context.request.scan->model_token);
  edits.remove(own.version);
  set_version(context, own, edits);
  TRY(set_target(context, out.streamed ? "/publishers/anthropic/models/{model}:streamRawPredict"
                                       : "/publishers/anthropic/models/{model}:rawPredict"));
  set_json_body(context, splice, out);
  drop_anthropic_fields(context.head.fields, true);
  out.answer = std::make_unique<PassingAnswer>(
      context.request.dialect, catalog::Format::kAnthropicMessages, false,
      out.streamed ? PassingAnswer::Streamed::kEvents : PassingAnswer::Streamed::kNo);
  return out;
}

}  // namespace

// Claude on other people's hosts: Anthropic's Messages in an envelope of the host.

const ProviderSpec kAwsAnthropic{
    .schema = catalog::Schema::kAwsAnthropic,
    .default_prefix = {},
    .default_version = "bedrock-2023-05-31",
    .paths = {},
    .prepare = prepare_invoke,
};

const ProviderSpec kGcpAnthropic{
    .schema = catalog::Schema::kGcpAnthropic,
    .default_prefix = {},
    .default_version = "vertex-2023-10-16",
    .paths = {},
    .prepare = prepare_raw_predict,
};

}  // namespace tollgate::dataplane::providers
