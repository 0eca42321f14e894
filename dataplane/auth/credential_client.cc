#include "dataplane/auth/credential_client.h"

#include <optional>
#include <utility>

#include "dataplane/auth/aws_documents.h"
#include "dataplane/base/arena.h"
#include "dataplane/event/task.h"
#include "dataplane/event/timer.h"
#include "dataplane/http/h1/encoder.h"
#include "dataplane/http/h1/response_decoder.h"

namespace tollgate::dataplane::auth {
namespace {

base::Error failed(std::string detail) {
  return base::backend_error(base::Code::kUnavailable, true, std::move(detail));
}

/// The whole request as bytes.
base::Result<std::string> encode(const CredentialCall& call) {
  base::Arena arena;
  http::RequestHead* const head = http::new_request_head(arena);
  const std::string authority = call.url.authority();
  const std::string_view target = call.url.target;
  const std::size_t question = target.find('?');
  head->method = call.method;
  head->authority = authority;
  head->path = target.substr(0, question);
  head->has_query = question != std::string_view::npos;
  head->query = head->has_query ? target.substr(question + 1) : std::string_view{};
  head->keep_alive = false;
  for (const CredentialCall::Field& field : call.fields) {
    head->fields.add(field.name, field.value.reveal());
  }
  if (!call.body.empty()) {
    head->framing = http::Framing::kLength;
    head->content_length = call.body.reveal().size();
  }
  std::string bytes;
  TRY(http::h1::write_request_head(*head, bytes));
  bytes += call.body.reveal();
  return bytes;
}

}  // namespace

class CredentialClient::Exchange final : public net::StreamHandler {
 public:
  Exchange(net::dial::Connector& connector, net::tls::ClientContexts& tls,
           const CredentialCall& call, Callback callback)
      : loop_(connector.io().loop), callback_(std::move(callback)), host_(call.url.host) {
    loop_.arm(deadline_, call.timeout);
    if (auto status = begin(connector, tls, call); !status) {
      early_error_ = std::move(status).error();
      loop_.run_soon(report_);
    }
  }
  ~Exchange() {
    if (stream_) {
      net::retire(std::move(stream_));
    }
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  void on_data(net::Stream& /*stream*/, net::Slice data) override {
    std::string_view in = data.view();
    while (true) {
      const http::h1::ResponseStep step = decoder_.feed(in, arena_);
      in.remove_prefix(step.consumed);
      switch (step.event) {
        case http::h1::Event::kNeedMore:
          return;
        case http::h1::Event::kError:
          return done(failed(host_ + " does not speak HTTP: " + std::string(step.error.reason)));
        case http::h1::Event::kHead:
          status_ = step.head->status;
          break;
        case http::h1::Event::kData:
          if (body_.size() + step.data.size() > kMaxCredentialDocumentBytes) {
            return done(base::backend_error(base::Code::kLimitExceeded, false,
                                            "the answer of " + host_ + " is larger than 64 KiB"));
          }
          body_ += step.data;
          break;
        case http::h1::Event::kMessageEnd:
          return answered();
        case http::h1::Event::kInformational:
        case http::h1::Event::kTrailers:
          break;
      }
    }
  }
  void on_end(net::Stream& /*stream*/, net::StreamEnd end) override {
    if (decoder_.at_eof() == http::h1::AtEof::kMessageEnd && end == net::StreamEnd::kClean) {
      return answered();
    }
    done(failed(host_ + " closed the connection before its answer was complete"));
  }
  void on_closed(net::Stream& /*stream*/, const base::Error& error) override {
    done(failed("connection to " + host_ + " failed: " + error.detail));
  }

 private:
  base::Status begin(net::dial::Connector& connector, net::tls::ClientContexts& tls,
                     const CredentialCall& call) {
    TRY_ASSIGN(request_, encode(call));
    net::dial::Target target{call.url.host, call.url.port, nullptr};
    if (call.url.tls) {
      net::tls::ClientConfig config;
      config.server_name = call.url.host;
      config.trust.system = true;
      config.alpn = {"http/1.1"};
      TRY_ASSIGN(target.tls, tls.get(config));
    }
    decoder_.start(call.method);
    net::dial::Timeouts timeouts;
    timeouts.total = call.timeout;
    dial_ = connector.connect(target, timeouts, *this, [this](net::dial::Outcome outcome) {
      if (!outcome.stream) {
        return done(std::move(outcome.error));
      }
      stream_ = std::move(outcome.stream);
      stream_->write(request_);
      request_.clear();
    });
    return {};
  }
  void on_deadline() {
    done(base::backend_error(base::Code::kTimeout, true, host_ + " did not answer in time"));
  }
  void on_report() { done(std::move(early_error_)); }
  void answered() { done(CredentialAnswer{status_, base::Secret(std::move(body_))}); }

  /// The last thing this object does: the callback may destroy it.
  void done(base::Result<CredentialAnswer> result) {
    deadline_.cancel();
    if (stream_) {
      net::retire(std::move(stream_));
    }
    const Callback callback = std::move(callback_);
    callback(std::move(result));
  }

  event::Loop& loop_;
  Callback callback_;
  std::string host_;
  event::Timer deadline_ = event::Timer::of<&Exchange::on_deadline>(*this);
  event::Job report_ = event::Job::of<&Exchange::on_report>(*this);
  base::Error early_error_;
  std::string request_;
  base::Arena arena_;
  http::h1::ResponseDecoder decoder_;
  int status_ = 0;
  std::string body_;
  net::dial::Dial dial_;
  std::unique_ptr<net::Stream> stream_;
};

CredentialClient::CredentialClient(net::dial::Connector& connector, net::tls::ClientContexts& tls)
    : connector_(connector), tls_(tls) {}
CredentialClient::~CredentialClient() = default;

void CredentialClient::send(const CredentialCall& call, Callback callback) {
  exchange_ = std::make_unique<Exchange>(connector_, tls_, call, std::move(callback));
}

void CredentialClient::cancel() {
  exchange_.reset();
}

}  // namespace tollgate::dataplane::auth
