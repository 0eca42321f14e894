#include "dataplane/admin/server.h"

#include <utility>

#include "dataplane/base/arena.h"
#include "dataplane/event/timer.h"
#include "dataplane/http/h1/encoder.h"
#include "dataplane/http/h1/request_decoder.h"
#include "dataplane/http/method.h"
#include "dataplane/net/tcp.h"

namespace tollgate::dataplane::admin {

namespace codec = http::h1;

namespace {

constexpr std::chrono::milliseconds kLinger{500};

codec::Limits admin_limits() {
  codec::Limits limits;
  limits.head_bytes = 16U << 10U;
  limits.body_bytes = 0;
  return limits;
}

}  // namespace

/// One client. Requests are answered one after another; what is sent ahead waits in the kernel.
class Server::Connection final : public event::Deferred,
                                 public event::ListNode,
                                 private net::StreamHandler {
 public:
  Connection(Server& server, net::Accepted accepted)
      : server_(server), slot_(std::move(accepted.slot)), decoder_(admin_limits()) {
    stream_ = net::make_tcp_stream(server.io_, std::move(accepted.socket), accepted.peer, *this);
    server_.io_.loop.arm(timer_, kIdleTimeout);
  }

  void over() {
    ticket_.reset();
    timer_.cancel();
    proceed_.cancel();
    stream_->close();
    server_.remove(*this);
  }

 private:
  /// What outstanding replies hold: whom to answer, or nobody any more.
  struct Ticket {
    Connection* connection;
    std::uint64_t number;
  };

  void on_data(net::Stream& /*stream*/, net::Slice data) override {
    if (waiting_) {
      pending_ = std::move(data);
      stream_->pause_read(net::kPauseBusy);
      return;
    }
    process(data);
  }
  void on_end(net::Stream& /*stream*/, net::StreamEnd /*end*/) override {
    if (!waiting_) over();
  }
  void on_closed(net::Stream& /*stream*/, const base::Error& /*error*/) override { over(); }

  void process(const net::Slice& data) {
    std::string_view in = data.view();
    while (true) {
      const codec::RequestStep step = decoder_.feed(in, arena_);
      in.remove_prefix(step.consumed);
      switch (step.event) {
        case codec::Event::kHead:
          head_ = step.head;
          break;
        case codec::Event::kMessageEnd:
          if (!in.empty()) {
            pending_ = data.sub(data.size() - in.size());
            stream_->pause_read(net::kPauseBusy);
          }
          return handle();
        case codec::Event::kError:
          return refuse(step.error.status, step.error.reason);
        case codec::Event::kNeedMore:
          server_.io_.loop.arm(timer_, kHeadTimeout);
          return;
        default:
          break;
      }
    }
  }

  void handle() {
    waiting_ = true;
    timer_.cancel();
    if (head_->method != http::kGet && head_->method != http::kHead) {
      return respond({405, "text/plain; charset=utf-8", "only GET and HEAD\n"});
    }
    ticket_ = std::make_shared<Ticket>(Ticket{this, ++number_});
    const std::weak_ptr<Ticket> weak = ticket_;
    const Request request{head_->method, head_->path, head_->query, head_->authority};
    server_.handler_(request, [weak](const Response& response) {
      const auto ticket = weak.lock();
      if (!ticket || ticket->number != ticket->connection->number_) return;
      ticket->connection->respond(response);
    });
  }

  void respond(const Response& response) {
    if (!waiting_) return;
    waiting_ = false;
    ticket_.reset();
    write(response);
    const bool keep = head_->keep_alive;
    arena_.reset();
    head_ = nullptr;
    if (!keep) return stream_->close_gracefully(kLinger);
    server_.io_.loop.arm(timer_, kIdleTimeout);
    if (pending_.empty()) return;
    server_.io_.loop.run_soon(proceed_);
  }

  void proceed() {
    net::Slice data = std::exchange(pending_, net::Slice());
    stream_->resume_read(net::kPauseBusy);
    process(data);
  }

  void refuse(int status, std::string_view reason) {
    write({status, "text/plain; charset=utf-8", std::string(reason) + "\n"});
    stream_->close_gracefully(kLinger);
  }

  void write(const Response& response) {
    http::ResponseHead* head = http::new_response_head(arena_);
    head->status = response.status;
    head->framing = http::Framing::kLength;
    head->content_length = response.body.size();
    head->keep_alive = head_ != nullptr && head_->keep_alive;
    head->fields.add("content-type", response.content_type);
    head->fields.add("cache-control", "no-store");
    if (response.status == 405) head->fields.add("allow", "GET, HEAD");
    const bool body = head_ == nullptr || head_->method != http::kHead;
    codec::ResponseContext context;
    if (head_ != nullptr) context.request_method = head_->method;
    if (!body) {
      head->framing = http::Framing::kNone;
      head->declared_length = response.body.size();
    }
    std::string out;
    if (!codec::write_response_head(*head, context, out)) return over();
    stream_->write(std::string_view(out));
    if (body) stream_->write(net::Slice::of(response.body));
  }

  Server& server_;
  net::ConnectionSlot slot_;
  codec::RequestDecoder decoder_;
  base::Arena arena_;
  http::RequestHead* head_ = nullptr;
  net::Slice pending_;
  std::shared_ptr<Ticket> ticket_;
  std::uint64_t number_ = 0;
  bool waiting_ = false;
  event::Timer timer_ = event::Timer::of<&Connection::over>(*this);
  event::Job proceed_ = event::Job::of<&Connection::proceed>(*this);
  std::unique_ptr<net::Stream> stream_;
};

Server::Server(const net::IoContext& io, Handler handler) : io_(io), handler_(std::move(handler)) {}

base::Result<std::unique_ptr<Server>> Server::open(const net::IoContext& io,
                                                   const net::Address& address, Handler handler) {
  std::unique_ptr<Server> server(new Server(io, std::move(handler)));
  net::ListenLimits limits;
  limits.max_connections = kMaxConnections;
  TRY_ASSIGN(server->listener_, net::Listener::open(io.loop, address, *server, limits));
  return server;
}

Server::~Server() {
  while (connections_.linked()) static_cast<Connection*>(connections_.next())->over();
}

void Server::on_accept(net::Accepted accepted) {
  // Owned by the list until `remove`.
  connections_.push_back(*std::make_unique<Connection>(*this, std::move(accepted)).release());
}

void Server::remove(Connection& connection) {
  if (!connection.linked()) return;
  connection.unlink();
  io_.loop.defer_delete(std::unique_ptr<event::Deferred>(&connection));
}

}  // namespace tollgate::dataplane::admin
