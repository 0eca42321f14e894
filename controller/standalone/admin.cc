#include "controller/standalone/admin.h"

#include <utility>

#include "dataplane/admin/server_thread.h"
#include "dataplane/base/log.h"
#include "dataplane/event/mailbox.h"
#include "dataplane/proxy/process_readings.h"
#include "dataplane/snapshot/codec.h"

namespace tollgate::controller::standalone {

namespace admin = dataplane::admin;
namespace base = dataplane::base;
namespace event = dataplane::event;
namespace log = base::log;
namespace net = dataplane::net;
namespace proxy = dataplane::proxy;
namespace snapshot = dataplane::snapshot;
namespace telemetry = dataplane::telemetry;

namespace {

constexpr const char* kText = "text/plain; charset=utf-8";

/// What all proxies were asked for, on its way; lives on the admin server's loop.
struct Answers {
  telemetry::Exposition metrics;
  bool ready = true;
  std::size_t missing = 0;
};

/// The value of `gateway` in "gateway=NS/NAME"; '/' may be encoded.
std::string gateway_of(std::string_view query) {
  constexpr std::string_view kName = "gateway=";
  if (!query.starts_with(kName)) return {};
  std::string out(query.substr(kName.size()));
  for (const char* slash : {"%2F", "%2f"}) {
    const auto at = out.find(slash);
    if (at != std::string::npos) out.replace(at, 3, "/");
  }
  return out;
}

using Mailbox = std::shared_ptr<event::Mailbox>;

/// Back to the admin server's loop. It takes nothing any more only at its end, when nobody waits.
void post_home(const Mailbox& home, event::Task task) {
  if (!home->post(std::move(task))) log::debug("an answer of the admin port is dropped");
}

}  // namespace

class Admin::Impl {
 public:
  base::Status open(const net::Address& address);
  void add(const std::string& gateway, proxy::Proxy* one) {
    server_->run([&] { proxies_[gateway] = one; });
  }
  void remove(const std::string& gateway) {
    server_->run([&] { proxies_.erase(gateway); });
  }

 private:
  void answer(const admin::Request& request, const admin::Reply& reply);
  void metrics(const admin::Reply& reply);
  void ready(const admin::Reply& reply);
  void dump(const std::string& gateway, const admin::Reply& reply);

  std::map<std::string, proxy::Proxy*> proxies_;  // of the server's thread
  std::unique_ptr<admin::ServerThread> server_;
};

base::Status Admin::Impl::open(const net::Address& address) {
  TRY_ASSIGN(server_, admin::ServerThread::start());
  return server_->open(address, [this](const admin::Request& request, const admin::Reply& reply) {
    answer(request, reply);
  });
}

void Admin::Impl::answer(const admin::Request& request, const admin::Reply& reply) {
  if (request.path == "/healthz") return reply({200, kText, "ok\n"});
  if (request.path == "/metrics") return metrics(reply);
  if (request.path == "/ready") return ready(reply);
  if (request.path == "/snapshot") return dump(gateway_of(request.query), reply);
  reply({404, kText, "/metrics /healthz /ready /snapshot?gateway=NS/NAME\n"});
}

void Admin::Impl::metrics(const admin::Reply& reply) {
  const auto finish = [reply](Answers& answers) {
    proxy::add_process_readings(answers.metrics);
    reply({200, std::string(telemetry::Exposition::kContentType), answers.metrics.text()});
  };
  auto answers = std::make_shared<Answers>();
  answers->missing = proxies_.size();
  if (proxies_.empty()) return finish(*answers);
  for (const auto& [gateway, one] : proxies_) {
    one->collect([home = server_->mailbox(), answers, finish](telemetry::Exposition exposition) {
      auto part = std::make_shared<telemetry::Exposition>(std::move(exposition));
      post_home(home, [answers, part, finish] {
        answers->metrics.merge(*part);
        if (--answers->missing == 0) finish(*answers);
      });
    });
  }
}

void Admin::Impl::ready(const admin::Reply& reply) {
  if (proxies_.empty()) return reply({503, kText, "no Gateway\n"});
  auto answers = std::make_shared<Answers>();
  answers->missing = proxies_.size();
  for (const auto& [gateway, one] : proxies_) {
    one->post([one, home = server_->mailbox(), answers, reply] {
      post_home(home, [answers, reply, ready = one->ready()] {
        answers->ready = answers->ready && ready;
        if (--answers->missing > 0) return;
        if (answers->ready) return reply({200, kText, "ready\n"});
        reply({503, kText, "a Gateway has no snapshot or is draining\n"});
      });
    });
  }
}

void Admin::Impl::dump(const std::string& gateway, const admin::Reply& reply) {
  auto found = proxies_.find(gateway);
  if (gateway.empty() && proxies_.size() == 1) found = proxies_.begin();
  if (found == proxies_.end()) {
    std::string names = gateway.empty() ? "say which:\n" : "not served; these are:\n";
    for (const auto& [name, one] : proxies_) names += "/snapshot?gateway=" + name + "\n";
    return reply({gateway.empty() ? 400 : 404, kText, names});
  }
  proxy::Proxy* one = found->second;
  one->post([one, home = server_->mailbox(), reply] {
    auto text = std::make_shared<std::string>(
        snapshot::encode_lines(one->resources(), snapshot::Secrets::kRedact));
    post_home(home, [text, reply] { reply({200, "application/x-ndjson", std::move(*text)}); });
  });
}

base::Result<std::unique_ptr<Admin>> Admin::start(const net::Address& address) {
  auto impl = std::make_unique<Impl>();
  TRY(impl->open(address));
  return std::unique_ptr<Admin>(new Admin(std::move(impl)));
}

Admin::Admin(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Admin::~Admin() = default;

void Admin::add(const std::string& gateway, proxy::Proxy& proxy) {
  impl_->add(gateway, &proxy);
}
void Admin::remove(const std::string& gateway) {
  impl_->remove(gateway);
}

}  // namespace tollgate::controller::standalone
