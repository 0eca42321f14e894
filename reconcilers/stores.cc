#include "reconcilers/stores.h"

#include "dataplane/base/text.h"

namespace tollgate::reconcilers {

namespace base = tollgate::dataplane::base;

namespace {

constexpr std::string_view kNone = "none";
constexpr std::string_view kPasswordField = "password";
constexpr std::string_view kUsernameField = "username";
constexpr std::string_view kCaField = "ca.crt";

/// Text of a field of a Secret; empty if it is not there.
std::string_view field_of(const resources::Secret& secret, std::string_view field) {
  const auto found = secret.data.find(std::string(field));
  return found == secret.data.end() ? std::string_view{} : base::trim(found->second.value.reveal());
}

bool has_control(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return true;
  }
  return false;
}

/// Adds what the Secret at `path` says to the store. Answers what is wrong with it.
std::string add_secret(const Context& x, const std::string& path, Lookup& look, Output& out,
                       model::LimitStore& store) {
  const resources::Secret* secret = look.get(x.c.secrets, path);
  if (secret == nullptr) return "Secret " + path + " does not exist";
  store.owners.push_back(secret->meta.owner());
  const std::string_view password = field_of(*secret, kPasswordField);
  const std::string_view username = field_of(*secret, kUsernameField);
  const std::string_view ca = field_of(*secret, kCaField);
  if (has_control(password) || has_control(username)) {
    return "Secret " + path + " has line breaks or control characters in username or password";
  }
  if (!username.empty()) store.username = username;
  if (!ca.empty() && !store.tls) {
    return "Secret " + path + " has a ca.crt, but the store is reached without TLS";
  }
  if (!ca.empty()) store.ca_pem.emplace_back(ca);
  if (password.empty()) {
    return store.username.empty() ? "" : "Secret " + path + " has no password for the user";
  }
  const model::ObjectId& id = secret->meta.id;
  store.password = model::SecretRef{id.namespace_, id.name, std::string(kPasswordField)};
  out.emit(x.c.secret_values, model::key_of(*store.password),
           model::SecretValue{secret->meta.owner(), *store.password,
                              base::Secret(std::string(password))});
  return {};
}

/// A store that is wanted; the Secret is "NS/NAME".
struct Wish {
  std::string url;
  std::string secret;
};

Wish find_wish(const Context& x, const resources::Gateway& object, Lookup& look) {
  const auto beside = [](const std::string& namespace_, const std::string& name) {
    return name.empty() ? std::string() : namespace_ + "/" + name;
  };
  if (!object.store.empty()) {
    return {object.store, beside(object.meta.id.namespace_, object.store_secret)};
  }
  if (!x.options.limit_store.empty()) return {x.options.limit_store, x.options.limit_store_secret};
  if (x.options.limit_store_config.empty()) return {};
  const resources::ConfigMap* config = look.get(x.c.config_maps, x.options.limit_store_config);
  if (config == nullptr) return {};
  const auto text = [config](const char* name) {
    const auto found = config->data.find(name);
    return found == config->data.end() ? std::string() : found->second;
  };
  return {text("url"), beside(config->meta.id.namespace_, text("secret"))};
}

}  // namespace

std::optional<model::LimitStore> resolve_store(const Context& x, const resources::Gateway& object,
                                               Lookup& look, Output& out, std::string& fault) {
  const Wish wish = find_wish(x, object, look);
  const std::string& url = wish.url;
  const std::string& secret = wish.secret;
  if (url.empty() || url == kNone) return std::nullopt;
  model::LimitStore store;
  std::string why = model::parse_store_url(url, store);
  if (why.empty() && !secret.empty()) why = add_secret(x, secret, look, out, store);
  if (why.empty() && secret.empty() && !store.username.empty()) {
    why = "the store's user needs a Secret with a password";
  }
  if (why.empty()) return store;
  fault = "The store of limits cannot be used, so that each proxy counts for itself: " + why + ".";
  return std::nullopt;
}

}  // namespace tollgate::reconcilers
