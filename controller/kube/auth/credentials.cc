#include "controller/kube/auth/credentials.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "controller/kube/auth/exec_plugin.h"
#include "controller/kube/auth/files.h"
#include "dataplane/base/hash.h"
#include "dataplane/base/log.h"
#include "dataplane/base/text.h"

namespace tollgate::controller::kube::auth {

namespace {

namespace base = dataplane::base;
using Steady = std::chrono::steady_clock;

constexpr std::chrono::seconds kTokenInterval{60};
constexpr std::chrono::seconds kCertificateInterval{300};
// A credential is renewed a little before it expires, so that no request carries a dead one.
constexpr std::chrono::seconds kExpiryLeeway{10};

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20U || c == 0x7F; });
}

base::Result<base::Secret> load_pem(const PemSource& source, const char* field, const char* marker,
                                    const Config& config) {
  base::Secret pem = source.inline_pem;
  if (pem.empty() && !source.file.empty()) {
    TRY_ASSIGN(std::string content, read_file(source.file, field));
    pem = base::Secret(std::move(content));
  }
  if (!source.empty() && pem.reveal().find(marker) == std::string_view::npos) {
    const std::string where = source.inline_pem.empty() ? source.file : config.source;
    return base::config_error(base::Code::kInvalidArgument,
                              where + ": " + field + ": holds no PEM block of that kind");
  }
  return pem;
}

base::Result<base::Secret> authorization(const Config& config) {
  if (!config.token_file.empty()) {
    TRY_ASSIGN(std::string content, read_file(config.token_file, "tokenFile"));
    const base::Secret raw(std::move(content));
    const std::string_view token = base::trim(raw.reveal());
    if (token.empty() || has_control(token)) {
      return base::config_error(base::Code::kInvalidArgument,
                                config.token_file + ": holds no token");
    }
    return base::Secret("Bearer " + std::string(token));
  }
  if (!config.token.empty()) {
    if (has_control(config.token.reveal())) {
      return base::config_error(base::Code::kInvalidArgument,
                                config.source + ": token: has control characters");
    }
    return base::Secret("Bearer " + std::string(config.token.reveal()));
  }
  if (!config.username.empty()) {
    const base::Secret pair(config.username + ":" + std::string(config.password.reveal()));
    return base::Secret("Basic " + base::base64_encode(pair.reveal()));
  }
  return base::Secret();
}

std::vector<std::pair<std::string, std::string>> impersonation_headers(const Impersonation& as) {
  std::vector<std::pair<std::string, std::string>> out;
  if (as.user.empty()) return out;
  out.emplace_back("Impersonate-User", as.user);
  if (!as.uid.empty()) out.emplace_back("Impersonate-Uid", as.uid);
  for (const std::string& group : as.groups) out.emplace_back("Impersonate-Group", group);
  for (const auto& [key, values] : as.extra) {
    for (const std::string& value : values) out.emplace_back("Impersonate-Extra-" + key, value);
  }
  return out;
}

bool same(const Identity& a, const Identity& b) {
  return a.authorization.reveal() == b.authorization.reveal() &&
         a.client_certificate_pem.reveal() == b.client_certificate_pem.reveal() &&
         a.client_key_pem.reveal() == b.client_key_pem.reveal() && a.ca_pem == b.ca_pem;
}

/// Everything that is in the configuration and its files.
base::Result<Identity> read_identity(const Config& config) {
  Identity identity;
  TRY_ASSIGN(identity.authorization, authorization(config));
  TRY_ASSIGN(
      identity.client_certificate_pem,
      load_pem(config.client_certificate, "client-certificate", "-----BEGIN CERTIFICATE", config));
  TRY_ASSIGN(identity.client_key_pem,
             load_pem(config.client_key, "client-key", "PRIVATE KEY-----", config));
  TRY_ASSIGN(const base::Secret ca, load_pem(config.certificate_authority, "certificate-authority",
                                             "-----BEGIN CERTIFICATE", config));
  identity.ca_pem = ca.reveal();
  identity.impersonation_headers = impersonation_headers(config.impersonate);
  for (const auto& [name, value] : identity.impersonation_headers) {
    if (has_control(name) || has_control(value)) {
      return base::config_error(base::Code::kInvalidArgument,
                                config.source + ": as: has control characters");
    }
  }
  return identity;
}

}  // namespace

struct Credentials::Impl {
  explicit Impl(Config configuration) : config(std::move(configuration)) {}

  const Config config;
  std::mutex mutex;
  IdentityPtr current;     // of files only, until a plug-in has run
  bool exec_done = false;  // `current` carries what a plug-in gave
  Steady::time_point next_look{};
  std::optional<std::chrono::system_clock::time_point> expires;

  // The plug-in's thread; started at first use.
  std::thread thread;
  std::condition_variable wake;
  std::deque<OnIdentity> waiting;
  bool stopping = false;

  void shutdown() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    wake.notify_one();
    if (thread.joinable()) thread.join();
  }

  [[nodiscard]] std::chrono::seconds interval() const {
    return config.token_file.empty() ? kCertificateInterval : kTokenInterval;
  }

  /// Reads the files again. A file that cannot be read for a moment leaves what we have.
  void look(const std::lock_guard<std::mutex>&) {
    next_look = Steady::now() + interval();
    auto fresh = read_identity(config);
    if (!fresh) {
      base::log::warn("credentials cannot be read again; the old ones stay in use",
                      {{"error", fresh.error().detail}});
      return;
    }
    publish(std::move(*fresh));
  }

  void publish(Identity identity) {
    if (current != nullptr && same(*current, identity)) return;
    identity.generation = current == nullptr ? 1 : current->generation + 1;
    current = std::make_shared<const Identity>(std::move(identity));
  }

  [[nodiscard]] bool exec_fresh() const {
    return exec_done && (!expires || std::chrono::system_clock::now() + kExpiryLeeway < *expires);
  }

  void run_later(OnIdentity done) {
    if (stopping) return done(stopped());
    waiting.push_back(std::move(done));
    if (!thread.joinable()) thread = std::thread([this] { loop(); });
    wake.notify_one();
  }

  void loop() {
    std::unique_lock lock(mutex);
    while (true) {
      wake.wait(lock, [&] { return stopping || !waiting.empty(); });
      std::deque<OnIdentity> served;
      if (stopping) {
        served.swap(waiting);
        lock.unlock();
        answer(served, stopped());
        return;
      }
      lock.unlock();
      auto credential = run_exec_plugin(*config.exec, config);
      lock.lock();
      base::Result<IdentityPtr> result = take(std::move(credential));
      served.swap(waiting);
      lock.unlock();
      answer(served, result);
      lock.lock();
    }
  }

  static base::Error stopped() {
    return base::backend_error(base::Code::kCancelled, false, "the client is stopping");
  }

  base::Result<IdentityPtr> take(base::Result<ExecCredential> credential) {
    if (!credential) return credential.error();
    auto fresh = read_identity(config);
    if (!fresh) return fresh.error();
    if (!credential->token.empty()) {
      if (has_control(credential->token.reveal())) {
        return base::config_error(base::Code::kInvalidArgument,
                                  "exec plug-in: the token has control characters");
      }
      fresh->authorization = base::Secret("Bearer " + std::string(credential->token.reveal()));
    }
    if (!credential->client_key_pem.empty()) {
      fresh->client_certificate_pem = credential->client_certificate_pem;
      fresh->client_key_pem = credential->client_key_pem;
    }
    expires = credential->expires;
    exec_done = true;
    publish(std::move(*fresh));
    return current;
  }

  static void answer(std::deque<OnIdentity>& served, const base::Result<IdentityPtr>& result) {
    for (OnIdentity& done : served) done(result);
  }
};

base::Result<std::unique_ptr<Credentials>> Credentials::create(const Config& config) {
  TRY_ASSIGN(Identity identity, read_identity(config));
  auto impl = std::make_unique<Impl>(config);
  impl->publish(std::move(identity));
  impl->next_look = Steady::now() + impl->interval();
  return std::unique_ptr<Credentials>(new Credentials(std::move(impl)));
}

Credentials::Credentials(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Credentials::~Credentials() {
  shutdown();
}

void Credentials::shutdown() {
  impl_->shutdown();
}

void Credentials::get(OnIdentity done) {
  IdentityPtr identity;
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->config.exec) {
      if (!impl_->exec_fresh()) {
        impl_->run_later(std::move(done));
        return;
      }
    } else if (Steady::now() >= impl_->next_look) {
      impl_->look(lock);
    }
    identity = impl_->current;
  }
  done(identity);
}

void Credentials::refresh(const IdentityPtr& used, OnIdentity done) {
  IdentityPtr identity;
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->current == used) {
      if (impl_->config.exec) {
        impl_->exec_done = false;
        impl_->run_later(std::move(done));
        return;
      }
      impl_->look(lock);
    }
    identity = impl_->current;
  }
  done(identity);
}

}  // namespace tollgate::controller::kube::auth
