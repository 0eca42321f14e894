#include "controller/api/read_api.h"

#include <atomic>
#include <future>
#include <optional>
#include <utility>

#include "controller/api/answers.h"
#include "controller/api/module.h"
#include "controller/schema/registry.h"
#include "dataplane/admin/server_thread.h"
#include "dataplane/base/clock.h"

namespace tollgate::controller::api {

namespace admin = dataplane::admin;
namespace base = dataplane::base;
namespace net = dataplane::net;

namespace {

/// A page in somebody's browser can call a loopback address by a name of its own; what it would
/// read is refused.
bool is_local(std::string_view authority) {
  const auto colon = authority.rfind(':');
  const bool port = colon != std::string_view::npos && authority.back() != ']';
  const std::string_view host = port ? authority.substr(0, colon) : authority;
  if (host == "localhost") return true;
  const auto address = net::parse_ip(host, 1);
  return address && address->is_loopback();
}

}  // namespace

class ReadApi::Impl {
 public:
  explicit Impl(Source source)
      : source_(std::move(source)), registry_(schema::Registry::embedded()) {}
  ~Impl() {
    if (server_ != nullptr) server_->close();
    service_.reset();  // its last replies go to the server's thread, which is there still
  }

  base::Status open(const net::Address& address);

 private:
  void handle(const admin::Request& request, const admin::Reply& reply);
  rest::Outcome answer(const std::vector<std::string>& path);
  std::optional<View> take_view();

  Source source_;
  schema::Registry registry_;
  base::SystemClock clock_;
  /// Shared with tasks that outlive their request.
  std::shared_ptr<std::atomic<unsigned>> pending_ = std::make_shared<std::atomic<unsigned>>(0);
  std::unique_ptr<admin::ServerThread> server_;
  std::unique_ptr<rest::Service> service_;
};

base::Status ReadApi::Impl::open(const net::Address& address) {
  TRY_ASSIGN(service_,
             open_service([this](const std::vector<std::string>& path) { return answer(path); }));
  TRY_ASSIGN(server_, admin::ServerThread::start());
  return server_->open(address, [this](const admin::Request& request, const admin::Reply& reply) {
    handle(request, reply);
  });
}

void ReadApi::Impl::handle(const admin::Request& request, const admin::Reply& reply) {
  const auto send = [reply](rest::Outcome outcome) {
    reply({outcome.status, "application/json", std::move(outcome.body)});
  };
  if (!is_local(request.authority)) {
    return send(refusal(403, "the read API answers to localhost and loopback addresses only"));
  }
  service_->handle(std::string(request.method), std::string(request.path),
                   [this, send](rest::Outcome outcome) {
                     server_->post([send, outcome = std::move(outcome)] { send(outcome); });
                   });
}

rest::Outcome ReadApi::Impl::answer(const std::vector<std::string>& path) {
  const std::optional<View> view = take_view();
  if (!view) return refusal(503, "the operator is busy: ask again");
  return api::answer(registry_, *view, path, clock_.wall());
}

std::optional<View> ReadApi::Impl::take_view() {
  if (pending_->fetch_add(1) >= kMaxPendingViews) {
    pending_->fetch_sub(1);
    return std::nullopt;
  }
  auto taken = std::make_shared<std::promise<View>>();
  std::future<View> view = taken->get_future();
  // Held by the task alone, so that one that is dropped is known at once.
  source_.post([taken = std::move(taken), pending = pending_, collect = source_.collect] {
    pending->fetch_sub(1);
    taken->set_value(collect());
  });
  if (view.wait_for(kViewTimeout) != std::future_status::ready) return std::nullopt;
  try {
    return view.get();
  } catch (const std::future_error&) {
    return std::nullopt;  // dropped: the owner is ending
  }
}

base::Result<std::unique_ptr<ReadApi>> ReadApi::start(const net::Address& address, Source source) {
  auto impl = std::make_unique<Impl>(std::move(source));
  TRY(impl->open(address));
  return std::unique_ptr<ReadApi>(new ReadApi(std::move(impl)));
}

ReadApi::ReadApi(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ReadApi::~ReadApi() = default;

base::Result<net::Address> parse_api_address(const std::string& text) {
  const auto address = net::parse_address(text);
  if (!address) {
    return base::config_error(base::Code::kInvalidArgument,
                              "--api wants ADDRESS:PORT, such as 127.0.0.1:18002");
  }
  if (!address->is_loopback()) {
    return base::config_error(
        base::Code::kInvalidArgument,
        "--api wants a loopback address, such as 127.0.0.1:18002, not " + address->ip_string() +
            ": it asks nobody who they are; kubectl port-forward reaches it from elsewhere");
  }
  return *address;
}

}  // namespace tollgate::controller::api
