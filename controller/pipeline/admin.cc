#include "controller/pipeline/admin.h"

#include <optional>
#include <utility>

#include "dataplane/admin/server.h"
#include "dataplane/event/loop_thread.h"
#include "dataplane/net/buffer.h"

namespace tollgate::controller::pipeline {

namespace admin = dataplane::admin;
namespace base = dataplane::base;
namespace event = dataplane::event;
namespace net = dataplane::net;

class Admin::Impl {
 public:
  explicit Impl(AdminSource source) : source_(std::move(source)) {}
  ~Impl() {
    if (thread_ != nullptr) thread_->run([this] { server_.reset(); });
  }

  base::Status open(const net::Address& address, base::Clock& clock);

 private:
  void answer(const admin::Request& request, const admin::Reply& reply);
  admin::Response respond(const std::string& path);

  AdminSource source_;
  std::unique_ptr<event::LoopThread> thread_;
  net::BufferPool buffers_;
  std::unique_ptr<admin::Server> server_;
};

base::Status Admin::Impl::open(const net::Address& address, base::Clock& clock) {
  TRY_ASSIGN(thread_, event::LoopThread::start(clock));
  std::optional<base::Error> error;
  thread_->run([&] {
    const net::IoContext io{thread_->loop(), buffers_};
    auto server = admin::Server::open(
        io, address, [this](const admin::Request& request, const admin::Reply& reply) {
          answer(request, reply);
        });
    if (server) {
      server_ = std::move(*server);
    } else {
      error = server.error();
    }
  });
  if (error) return *error;
  return {};
}

/// The facts belong to the executor; the answer goes out on the server's own loop.
void Admin::Impl::answer(const admin::Request& request, const admin::Reply& reply) {
  source_.post([this, path = std::string(request.path), reply] {
    admin::Response response = respond(path);
    thread_->post([reply, response = std::move(response)] { reply(response); });
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

base::Result<std::unique_ptr<Admin>> Admin::start(const net::Address& address, base::Clock& clock,
                                                  AdminSource source) {
  auto impl = std::make_unique<Impl>(std::move(source));
  TRY(impl->open(address, clock));
  return std::unique_ptr<Admin>(new Admin(std::move(impl)));
}

Admin::Admin(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Admin::~Admin() = default;

}  // namespace tollgate::controller::pipeline
