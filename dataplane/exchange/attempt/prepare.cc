#include "dataplane/exchange/attempt/prepare.h"

#include <chrono>
#include <utility>

#include "dataplane/auth/apply.h"
#include "dataplane/exchange/attempt/request_id.h"
#include "dataplane/http/hop_by_hop.h"
#include "dataplane/json/mutate.h"
#include "dataplane/providers/prepare.h"
#include "dataplane/translate/translate.h"

namespace tollgate::dataplane::exchange::attempt {

namespace {

using Failed = tl::unexpected<PrepareError>;

constexpr std::string_view kForwardedFor = "x-forwarded-for";

Failed failed(Fault fault, std::string detail) {
  return Failed(PrepareError{fault, std::move(detail)});
}

void add_forwarding_fields(const Request& request, http::FieldList& fields, base::Arena& arena) {
  const auto earlier = fields.joined(kForwardedFor, arena);
  fields.set(kForwardedFor, earlier && !earlier->empty()
                                ? arena.concat({*earlier, ", ", request.peer_ip})
                                : request.peer_ip);
  fields.set("x-forwarded-proto", "http");
  fields.set(kRequestIdField, request.id);
}

/// A held body for a backend that is not spoken to in an AI format goes out as it came.
void send_held_body(const Request& request, Prepared& prepared, base::Arena& arena) {
  const std::string_view body = request.body->view();
  auto* slice = arena.allocate_array<std::string_view>(1);
  *slice = body;
  prepared.body = {slice, 1};
  if (body.empty() && request.head->framing == http::Framing::kNone) return;
  prepared.head->framing = http::Framing::kLength;
  prepared.head->content_length = body.size();
}

Fault fault_of(const base::Error& error) {
  if (error.origin == base::Origin::kClient) {
    return error.code == base::Code::kLimitExceeded ? Fault::kBodyTooLarge : Fault::kNotExpressible;
  }
  return error.code == base::Code::kUnsupported ? Fault::kUnsupportedPair : Fault::kInternal;
}

tl::expected<void, PrepareError> translate_request(const Plan& plan, const Request& request,
                                                   Prepared& prepared, Services& services,
                                                   base::Arena& arena) {
  const snapshot::Backend& backend = plan.backend->value;
  providers::BackendSpec spec;
  spec.schema = *plan.backend->schema;
  spec.prefix = backend.schema_prefix;
  spec.version = backend.schema_version;
  spec.model_override = plan.ref->model_override;
  spec.host = backend.host;
  translate::Asked asked;
  asked.endpoint = request.endpoint;
  asked.body = request.body->view();
  asked.scan = &*request.scan;
  asked.model = request.model;
  asked.streamed = request.streamed;
  asked.want_usage = usage_needed(plan.rule->value);
  asked.reader = &services.json;
  asked.now_unix_s = std::chrono::duration_cast<std::chrono::seconds>(
                         services.io.loop.wall_now().time_since_epoch())
                         .count();
  asked.request_id = request.id;
  auto made = translate::prepare(spec, asked, request.canonical, *prepared.head, arena);
  if (!made) return failed(fault_of(made.error()), std::move(made.error().detail));
  prepared.body = made->upstream.body;
  prepared.model = made->upstream.model;
  prepared.streamed = made->upstream.streamed;
  prepared.answer = std::move(made->upstream.answer);
  return {};
}

/// The rule's edits of a held JSON body; what is no JSON stays as it is.
void edit_body(const snapshot::BodyEdit& edit, Prepared& prepared, Services& services,
               base::Arena& arena) {
  if (edit.set.empty() && edit.remove.empty()) return;
  json::Mutation mutation;
  for (const std::string& path : edit.remove) mutation.remove(path);
  for (const auto& [path, value] : edit.set) mutation.set(path, value);
  std::string whole;
  for (const std::string_view part : prepared.body) whole += part;
  const std::size_t size = whole.size();
  whole.append(json::kPaddingBytes, '\0');
  std::string out;
  if (!mutation.apply(services.json, std::string_view(whole).substr(0, size), out)) return;
  auto* slice = arena.allocate_array<std::string_view>(1);
  *slice = arena.copy(out);
  prepared.body = {slice, 1};
  prepared.head->content_length = out.size();
}

tl::expected<void, PrepareError> add_credential(const Plan& plan, Prepared& prepared,
                                                Services& services, base::Arena& arena) {
  const snapshot::SlotId id = plan.backend->credential;
  if (!id.valid()) return {};
  const CredentialState* state = services.config->credentials->find(id);
  if (state == nullptr || !state->current) {
    return failed(Fault::kNoCredential, state == nullptr ? "not loaded yet" : state->problem);
  }
  auto applied = auth::apply_credential(*state->current, *prepared.head, prepared.body,
                                        services.io.loop.wall_now(), services.signing_keys, arena);
  if (!applied) return failed(Fault::kNoCredential, std::move(applied.error().detail));
  return {};
}

}  // namespace

bool usage_needed(const snapshot::Rule& rule) {
  return rule.ai;
}

bool is_internal_field(std::string_view name) {
  // Some servers read '_' in a field's name as '-', so both spellings are ours.
  constexpr std::string_view kPrefix = "x-ai-eg-";
  constexpr std::string_view kOriginalPath = "x-envoy-original-path";
  const auto starts = [name](std::string_view wanted) {
    if (name.size() < wanted.size()) return false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const char c = name[i] == '_' ? '-' : name[i];
      const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
      if (lower != wanted[i]) return false;
    }
    return true;
  };
  return starts(kPrefix) || (name.size() == kOriginalPath.size() && starts(kOriginalPath));
}

void apply_edit(const snapshot::HeaderEdit& edit, http::FieldList& fields) {
  for (const auto& [name, value] : edit.set) {
    if (!is_internal_field(name)) fields.set(name, value);
  }
  for (const auto& [name, value] : edit.add) {
    if (!is_internal_field(name)) fields.add(name, value);
  }
  for (const std::string& name : edit.remove) fields.remove(name);
}

tl::expected<Prepared, PrepareError> prepare(const Plan& plan, const Request& request,
                                             Services& services, base::Arena& arena) {
  Prepared prepared;
  prepared.head = http::clone(*request.head, arena);
  http::RequestHead& head = *prepared.head;
  head.path = request.path;
  head.keep_alive = true;
  head.upgrade = {};
  const http::HopByHop hop = http::strip_hop_by_hop(head.fields);
  if (hop.te_trailers) head.fields.add("te", "trailers");
  add_forwarding_fields(request, head.fields, arena);

  const bool ai = request.endpoint != nullptr && request.endpoint->has_model;
  if (ai && plan.backend->schema && request.scan) {
    auto translated = translate_request(plan, request, prepared, services, arena);
    if (!translated) return Failed(std::move(translated).error());
    edit_body(plan.ref->request_body, prepared, services, arena);
  } else if (ai && plan.rule->value.ai) {
    return failed(Fault::kUnsupportedPair, "the backend has no schema");
  } else if (request.body) {
    send_held_body(request, prepared, arena);
  }
  if (plan.backend->credential.valid()) auth::strip_client_credentials(head.fields);
  apply_edit(plan.rule->value.request_headers, head.fields);
  apply_edit(plan.ref->request_headers, head.fields);
  if (!plan.backend->value.host.empty()) head.authority = plan.backend->value.host;
  auto credential = add_credential(plan, prepared, services, arena);
  if (!credential) return Failed(std::move(credential).error());
  return prepared;
}

}  // namespace tollgate::dataplane::exchange::attempt
