#include "controller/pipeline/admin.h"

#include <future>
#include <utility>

#include "dataplane/admin/server_thread.h"

namespace tollgate::controller::pipeline {

namespace admin = dataplane::admin;
namespace base = dataplane::base;
namespace net = dataplane::net;

class Admin::Impl {
 public:
  explicit Impl(AdminSource source) : source_(std::move(source)) {}
  ~Impl();

  base::Status open(const net::Address& address);

 private:
  void answer(const admin::Request& request, const admin::Reply& reply);
  admin::Response respond(const std::string& path);

  AdminSource source_;
  std::unique_ptr<admin::ServerThread> server_;
};

/// Nobody asks any more once the server is closed; what was asked before still runs on the
/// executor, or is dropped there, and refers to this.
Admin::Impl::~Impl() {
  if (server_ == nullptr) return;
  server_->close();
  auto last = std::make_shared<std::promise<void>>();
  const std::future<void> over = last->get_future();
  source_.post([last = std::move(last)] {});  // `over` is ready when the task is gone
  over.wait();
}

base::Status Admin::Impl::open(const net::Address& address) {
  TRY_ASSIGN(server_, admin::ServerThread::start());
  return server_->open(address, [this](const admin::Request& request, const admin::Reply& reply) {
    answer(request, reply);
  });
}

/// The facts belong to the executor; the answer goes out on the server's own loop.
void Admin::Impl::answer(const admin::Request& request, const admin::Reply& reply) {
  source_.post([this, path = std::string(request.path), reply] {
    admin::Response response = respond(path);
    server_->post([reply, response = std::move(response)] { reply(response); });
  });
}

admin::Response Admin::Impl::respond(const std::string& path) {
  admin::Response response;
  if (path == "/healthz") {
    const bool healthy = source_.healthy();
    response.status = healthy ? 200 : 503;
    response.body = healthy ? "ok\n" : "the Lease is not being renewed\n";
  } else if (path == "/ready") {
    const std::string why = source_.not_ready();
    response.status = why.empty() ? 200 : 503;
    response.body = (why.empty() ? "ready" : why) + "\n";
  } else if (path == "/metrics") {
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = source_.metrics();
  } else {
    response.status = 404;
    response.body = "there are /healthz, /ready and /metrics\n";
  }
  return response;
}

base::Result<std::unique_ptr<Admin>> Admin::start(const net::Address& address, AdminSource source) {
  auto impl = std::make_unique<Impl>(std::move(source));
  TRY(impl->open(address));
  return std::unique_ptr<Admin>(new Admin(std::move(impl)));
}

Admin::Admin(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Admin::~Admin() = default;

}  // namespace tollgate::controller::pipeline
