#include "dataplane/push/message.h"

#include <utility>

#include "dataplane/json/reader.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::push {

namespace {

base::Error bad(std::string detail) {
  return base::backend_error(base::Code::kProtocol, false, "push message: " + std::move(detail));
}

base::Status read_text(json::Value& value, std::size_t limit_bytes, std::string& out) {
  TRY_ASSIGN(const std::string_view text, value.string());
  if (text.size() > limit_bytes) return bad("a text is too long");
  out = text;
  return {};
}

/// Walks the members of the one object that `payload` is. `on_member(key, value)` returns a Status;
/// members that nobody knows are skipped, so that an older peer reads a newer one.
template <typename OnMember>
base::Status read_object(std::string_view payload, OnMember&& on_member) {
  const json::PaddedText text(payload);
  json::Reader reader;
  TRY_ASSIGN(json::Value root, reader.open(text.view()));
  TRY_ASSIGN(json::Members members, root.members());
  while (members.next()) {
    TRY(on_member(members.key(), members.value()));
  }
  return reader.finish();
}

template <typename OnElement>
base::Status read_array(json::Value& value, std::size_t limit, OnElement&& on_element) {
  TRY_ASSIGN(json::Elements elements, value.elements());
  std::size_t count = 0;
  while (elements.next()) {
    if (++count > limit) return bad("a list is too long");
    TRY(on_element(elements.value()));
  }
  return {};
}

base::Status read_problem(json::Value& value, Problem& problem) {
  TRY_ASSIGN(json::Members members, value.members());
  while (members.next()) {
    if (members.key() == "key") TRY(read_text(members.value(), kNameLimitBytes, problem.key));
    if (members.key() == "why") TRY(read_text(members.value(), kWhyLimitBytes, problem.why));
  }
  return {};
}

base::Status read_credential(json::Value& value, CredentialReport& report) {
  TRY_ASSIGN(json::Members members, value.members());
  while (members.next()) {
    if (members.key() == "key") TRY(read_text(members.value(), kNameLimitBytes, report.key));
    if (members.key() == "why") TRY(read_text(members.value(), kWhyLimitBytes, report.why));
    if (members.key() == "usable") {
      TRY_ASSIGN(report.usable, members.value().boolean());
    }
  }
  return {};
}

base::Status read_revision_only(std::string_view payload, std::string& revision) {
  return read_object(payload, [&](std::string_view key, json::Value& value) -> base::Status {
    if (key == "revision") return read_text(value, kNameLimitBytes, revision);
    return {};
  });
}

base::Status read_delta_line(std::string_view line, snapshot::Delta& delta) {
  std::string key;
  std::string body;
  std::string deleted;
  TRY(read_object(line, [&](std::string_view name, json::Value& value) -> base::Status {
    if (name == "key") return read_text(value, kNameLimitBytes, key);
    if (name == "delete") return read_text(value, kNameLimitBytes, deleted);
    if (name == "body") {
      TRY_ASSIGN(body, value.raw());
    }
    return {};
  }));
  if (!deleted.empty() && key.empty() && body.empty()) {
    delta.deletes.push_back(std::move(deleted));
    return {};
  }
  if (key.empty() || body.empty() || !deleted.empty()) {
    return bad("a line is neither a put nor a delete");
  }
  delta.puts.push_back(snapshot::make_resource(std::move(key), std::move(body)));
  return {};
}

void write_problems(json::Writer& writer, const std::vector<Problem>& problems) {
  writer.key("problems").begin_array();
  for (const Problem& problem : problems) {
    writer.begin_object().member("key", problem.key).member("why", problem.why).end_object();
  }
  writer.end_array();
}

base::Status read_problems(json::Value& value, std::vector<Problem>& problems) {
  return read_array(value, kProblemLimit, [&](json::Value& element) -> base::Status {
    return read_problem(element, problems.emplace_back());
  });
}

}  // namespace

std::string encode(const Hello& hello) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("capabilities").begin_array();
  for (const std::string& capability : hello.capabilities) writer.value(capability);
  writer.end_array();
  writer.member("gateway", hello.gateway).member("instance", hello.instance);
  writer.member("revision", hello.revision).member("roles", hello.roles);
  writer.member("schema", static_cast<std::uint64_t>(hello.schema));
  writer.member("source", hello.source);
  writer.member("version", hello.version).end_object();
  return out;
}

std::string encode(const Ack& ack) {
  std::string out;
  json::Writer(out).begin_object().member("revision", ack.revision).end_object();
  return out;
}

std::string encode(const Nack& nack) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  write_problems(writer, nack.problems);
  writer.member("revision", nack.revision).end_object();
  return out;
}

std::string encode(const Report& report) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("credentials").begin_array();
  for (const CredentialReport& credential : report.credentials) {
    writer.begin_object().member("key", credential.key).member("usable", credential.usable);
    writer.member("why", credential.why).end_object();
  }
  writer.end_array();
  write_problems(writer, report.problems);
  writer.member("ready", report.ready).member("refusedRevision", report.refused_revision);
  writer.member("revision", report.revision).member("source", report.source).end_object();
  return out;
}

std::string encode(const Role& role) {
  std::string out;
  json::Writer(out).begin_object().member("leader", role.leader).end_object();
  return out;
}

std::string encode_refusal(std::string_view why) {
  std::string out;
  json::Writer(out).begin_object().member("why", why).end_object();
  return out;
}

std::string encode(const snapshot::Delta& delta) {
  std::string out;
  json::Writer(out)
      .begin_object()
      .member("base", delta.base)
      .member("revision", delta.revision)
      .end_object();
  out += '\n';
  for (const auto& resource : delta.puts) {
    json::Writer(out)
        .begin_object()
        .raw_member("body", resource->body)
        .member("key", resource->key)
        .end_object();
    out += '\n';
  }
  for (const std::string& key : delta.deletes) {
    json::Writer(out).begin_object().member("delete", key).end_object();
    out += '\n';
  }
  return out;
}

base::Result<Hello> decode_hello(std::string_view payload) {
  Hello hello;
  hello.schema = 0;
  TRY(read_object(payload, [&](std::string_view key, json::Value& value) -> base::Status {
    if (key == "instance") return read_text(value, kNameLimitBytes, hello.instance);
    if (key == "gateway") return read_text(value, kNameLimitBytes, hello.gateway);
    if (key == "revision") return read_text(value, kNameLimitBytes, hello.revision);
    if (key == "version") return read_text(value, kNameLimitBytes, hello.version);
    if (key == "schema") {
      TRY_ASSIGN(const std::int64_t schema, value.integer());
      if (schema < 1 || schema > INT32_MAX) return bad("schema is out of range");
      hello.schema = static_cast<std::uint32_t>(schema);
    }
    if (key == "source") {
      TRY_ASSIGN(hello.source, value.boolean());
    }
    if (key == "roles") {
      TRY_ASSIGN(hello.roles, value.boolean());
    }
    if (key == "capabilities") {
      return read_array(value, kCapabilityLimit, [&](json::Value& element) -> base::Status {
        return read_text(element, kNameLimitBytes, hello.capabilities.emplace_back());
      });
    }
    return {};
  }));
  if (hello.gateway.empty() || hello.instance.empty() || hello.schema == 0) {
    return bad("a hello needs gateway, instance and schema");
  }
  return hello;
}

base::Result<Ack> decode_ack(std::string_view payload) {
  Ack ack;
  TRY(read_revision_only(payload, ack.revision));
  return ack;
}

base::Result<Nack> decode_nack(std::string_view payload) {
  Nack nack;
  TRY(read_object(payload, [&](std::string_view key, json::Value& value) -> base::Status {
    if (key == "revision") return read_text(value, kNameLimitBytes, nack.revision);
    if (key == "problems") {
      return read_array(value, kProblemLimit, [&](json::Value& element) -> base::Status {
        return read_problem(element, nack.problems.emplace_back());
      });
    }
    return {};
  }));
  return nack;
}

base::Result<Report> decode_report(std::string_view payload) {
  Report report;
  TRY(read_object(payload, [&](std::string_view key, json::Value& value) -> base::Status {
    if (key == "revision") return read_text(value, kNameLimitBytes, report.revision);
    if (key == "refusedRevision") return read_text(value, kNameLimitBytes, report.refused_revision);
    if (key == "problems") return read_problems(value, report.problems);
    if (key == "ready") {
      TRY_ASSIGN(report.ready, value.boolean());
    }
    if (key == "source") {
      TRY_ASSIGN(report.source, value.boolean());
    }
    if (key == "credentials") {
      return read_array(value, kProblemLimit, [&](json::Value& element) -> base::Status {
        return read_credential(element, report.credentials.emplace_back());
      });
    }
    return {};
  }));
  return report;
}

base::Result<Role> decode_role(std::string_view payload) {
  Role role;
  TRY(read_object(payload, [&](std::string_view key, json::Value& value) -> base::Status {
    if (key == "leader") {
      TRY_ASSIGN(role.leader, value.boolean());
    }
    return {};
  }));
  return role;
}

base::Result<std::string> decode_refusal(std::string_view payload) {
  std::string why;
  TRY(read_object(payload, [&](std::string_view key, json::Value& value) -> base::Status {
    if (key == "why") return read_text(value, kWhyLimitBytes, why);
    return {};
  }));
  return why;
}

base::Result<snapshot::Delta> decode_delta(std::string_view payload) {
  snapshot::Delta delta;
  std::size_t number = 0;
  while (!payload.empty()) {
    const std::size_t end = payload.find('\n');
    const std::string_view line = payload.substr(0, end);
    payload.remove_prefix(end == std::string_view::npos ? payload.size() : end + 1);
    ++number;
    if (number > 1) {
      TRY(read_delta_line(line, delta));
      continue;
    }
    TRY(read_object(line, [&](std::string_view key, json::Value& value) -> base::Status {
      if (key == "base") return read_text(value, kNameLimitBytes, delta.base);
      if (key == "revision") return read_text(value, kNameLimitBytes, delta.revision);
      return {};
    }));
  }
  if (delta.revision.empty()) return bad("a push needs a revision");
  return delta;
}

}  // namespace tollgate::dataplane::push
