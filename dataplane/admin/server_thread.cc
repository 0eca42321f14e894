#include "dataplane/admin/server_thread.h"

#include <optional>
#include <utility>

namespace tollgate::dataplane::admin {

base::Result<std::unique_ptr<ServerThread>> ServerThread::start() {
  std::unique_ptr<ServerThread> made(new ServerThread);
  TRY_ASSIGN(made->thread_, event::LoopThread::start(made->clock_));
  return made;
}

ServerThread::~ServerThread() {
  if (thread_ != nullptr) close();
}

base::Status ServerThread::open(const net::Address& address, Handler handler) {
  std::optional<base::Error> error;
  thread_->run([&] {
    auto server = Server::open({thread_->loop(), buffers_}, address, std::move(handler));
    if (server) {
      server_ = std::move(*server);
    } else {
      error = server.error();
    }
  });
  if (error) return *error;
  return {};
}

void ServerThread::close() {
  thread_->run([this] { server_.reset(); });
}

}  // namespace tollgate::dataplane::admin
