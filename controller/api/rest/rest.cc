#include <cpprest/details/http_server.h>
#include <cpprest/details/http_server_api.h>
#include <cpprest/http_listener.h>
#include <pplx/threadpool.h>

#include <condition_variable>
#include <mutex>
#include <utility>

#include "controller/api/rest/service.h"

namespace tollgate::controller::api::rest {

namespace {

namespace http = web::http;
namespace server = web::http::experimental::details;
namespace listener = web::http::experimental::listener;

using Reply = std::function<void(Outcome)>;

constexpr const char* kFailed = R"({"error":{"status":500,"message":"the read API failed"}})";
constexpr const char* kMalformed = R"({"error":{"status":400,"message":"malformed target"}})";

/// How many requests are under way; the service ends when there are none.
class Gate {
 public:
  void enter() {
    const std::lock_guard lock(mutex_);
    ++inside_;
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    --inside_;
    empty_.notify_all();
  }
  void wait_until_empty() {
    std::unique_lock lock(mutex_);
    empty_.wait(lock, [this] { return inside_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable empty_;
  unsigned inside_ = 0;
};

/// One request's right to one answer: whatever becomes of it in the library, the client gets one.
class Turn {
 public:
  Turn(Gate& gate, Reply reply) : gate_(gate), reply_(std::move(reply)) { gate_.enter(); }
  ~Turn() {
    tell({http::status_codes::InternalError, kFailed});
    gate_.leave();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  void tell(Outcome outcome) {
    if (const Reply reply = std::exchange(reply_, nullptr)) reply(std::move(outcome));
  }

 private:
  Gate& gate_;
  Reply reply_;
};

/// Travels with a request through the library to its response.
class Context final : public http::details::_http_server_context {
 public:
  explicit Context(std::shared_ptr<Turn> given) : turn(std::move(given)) {}
  std::shared_ptr<Turn> turn;
};

/// Where the library expects its sockets. It owns the transport; the service keeps a pointer.
class Transport final : public server::http_server {
 public:
  pplx::task<void> start() override { return pplx::task_from_result(); }
  pplx::task<void> stop() override { return pplx::task_from_result(); }
  pplx::task<void> register_listener(listener::details::http_listener_impl* given) override {
    listener_ = given;
    return pplx::task_from_result();
  }
  pplx::task<void> unregister_listener(listener::details::http_listener_impl*) override {
    listener_ = nullptr;
    return pplx::task_from_result();
  }
  pplx::task<void> respond(http::http_response response) override {
    auto* context = dynamic_cast<Context*>(response._get_server_context());
    if (context == nullptr) return pplx::task_from_result();
    const int status = response.status_code();
    const auto body = response._get_impl()->instream();
    if (!body.is_valid()) {
      context->turn->tell({status, {}});
      return pplx::task_from_result();
    }
    // Not waited for: the pool's threads must stay free to run what they would wait for.
    concurrency::streams::container_buffer<std::string> text;
    return body.read_to_end(text).then(
        [text, turn = context->turn, status](const pplx::task<std::size_t>& read) {
          try {
            read.get();
            turn->tell({status, text.collection()});
          } catch (const std::exception&) {
            turn->tell({http::status_codes::InternalError, kFailed});
          }
        });
  }

  void dispatch(const http::http_request& request) { listener_->handle_request(request); }

 private:
  listener::details::http_listener_impl* listener_ = nullptr;
};

class RestService final : public Service {
 public:
  explicit RestService(Answer answer)
      : answer_(std::move(answer)), listener_(web::uri("http://localhost/")) {
    auto transport = std::make_unique<Transport>();
    transport_ = transport.get();
    server::http_server_api::register_server_api(std::move(transport));
    const auto serve = [this](const http::http_request& request) { this->serve(request); };
    listener_.support(http::methods::GET, serve);
    listener_.support(http::methods::HEAD, serve);
    listener_.open().get();
  }

  ~RestService() override {
    gate_.wait_until_empty();
    try {
      listener_.close().get();
      server::http_server_api::unregister_server_api();
    } catch (const std::exception&) {
      // Nothing is served any more, which is all that closing is for.
      return;
    }
  }

  void handle(const std::string& method, const std::string& target, Reply reply) override {
    const auto turn = std::make_shared<Turn>(gate_, std::move(reply));
    try {
      auto request = http::http_request::_create_request(std::make_unique<Context>(turn));
      request.set_method(method);
      request.set_request_uri(web::uri(target));
      pplx::create_task([this, request] {
        transport_->dispatch(request);
      }).then([turn](const pplx::task<void>& done) {
        try {
          done.get();
        } catch (const std::exception&) {
          turn->tell({http::status_codes::InternalError, kFailed});
        }
      });
    } catch (const std::exception&) {
      turn->tell({http::status_codes::BadRequest, kMalformed});
    }
  }

 private:
  void serve(const http::http_request& request) {
    Outcome outcome{http::status_codes::InternalError, kFailed};
    try {
      outcome = answer_(web::uri::split_path(web::uri::decode(request.request_uri().path())));
    } catch (const web::uri_exception&) {
      outcome = {http::status_codes::BadRequest, kMalformed};
    } catch (const std::exception&) {
      outcome = {http::status_codes::InternalError, kFailed};
    }
    http::http_response response(static_cast<http::status_code>(outcome.status));
    response.set_body(std::move(outcome.body), "application/json");
    request.reply(response);
  }

  Answer answer_;
  Gate gate_;
  Transport* transport_ = nullptr;
  listener::http_listener listener_;
};

}  // namespace

}  // namespace tollgate::controller::api::rest

extern "C" __attribute__((visibility("default"))) void tollgate_read_api_open(
    std::string_view version, tollgate::controller::api::rest::Answer answer,
    tollgate::controller::api::rest::Opened& out) {
  namespace rest = tollgate::controller::api::rest;
  if (version != TOLLGATE_VERSION) {
    out.problem = "it is of version " TOLLGATE_VERSION;
    return;
  }
  try {
    crossplat::threadpool::initialize_with_threads(rest::Service::kThreads);
    out.service = std::make_unique<rest::RestService>(std::move(answer));
  } catch (const std::exception& error) {
    out.problem = error.what();
  }
}
