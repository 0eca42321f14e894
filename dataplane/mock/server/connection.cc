#include "dataplane/mock/server/connection.h"

#include <utility>

#include "dataplane/http/h1/encoder.h"
#include "dataplane/json/reader.h"
#include "dataplane/mock/server/model_server.h"

namespace tollgate::dataplane::mock::server {

namespace {
constexpr std::chrono::milliseconds kLinger{500};
}

Connection::Connection(event::Loop& loop, ConnectionOwner& owner, bool tls)
    : loop_(loop), owner_(owner), tls_(tls) {}

void Connection::shut() {
  if (stream_ != nullptr) stream_->close();
  delay_.cancel();
  state_ = State::kDone;
}

void Connection::on_data(net::Stream& stream, net::Slice data) {
  pending_ = std::move(data);
  stream.pause_read(net::kPauseBusy);
  read();
}

void Connection::on_end(net::Stream&, net::StreamEnd) {
  if (state_ == State::kReading) finish();
}

void Connection::on_closed(net::Stream&, const base::Error&) {
  finish();
}

void Connection::on_drained(net::Stream&) {
  draining_ = false;
  if (state_ == State::kReplying) send_chunks();
}

/// Feeds the decoder until it wants more than is there, or a request is complete.
void Connection::read() {
  while (state_ == State::kReading) {
    const http::h1::RequestStep step = decoder_.feed(pending_.view(), arena_);
    pending_.remove_prefix(step.consumed);
    if (step.event == http::h1::Event::kNeedMore) {
      pending_ = {};
      stream_->resume_read(net::kPauseBusy);
      return;
    }
    take_step(step);
  }
}

void Connection::take_step(const http::h1::RequestStep& step) {
  switch (step.event) {
    case http::h1::Event::kHead:
      head_ = step.head;
      body_.clear();
      if (head_->expect_continue) {
        std::string out;
        http::h1::write_informational(100, out);
        stream_->write(out);
      }
      return;
    case http::h1::Event::kData:
      if (body_.size() + step.data.size() > kMockBodyLimitBytes) {
        refuse(413);
        return;
      }
      body_.append(step.data);
      return;
    case http::h1::Event::kMessageEnd:
      start_reply();
      return;
    case http::h1::Event::kError:
      refuse(step.error.status);
      return;
    case http::h1::Event::kTrailers:
    case http::h1::Event::kInformational:
    case http::h1::Event::kNeedMore:
      return;
  }
}

void Connection::refuse(int status) {
  Reply reply;
  reply.status = status;
  head_ = nullptr;
  write_head(reply, "GET");
  state_ = State::kDone;
  stream_->close_gracefully(kLinger);
}

void Connection::start_reply() {
  const std::size_t size = body_.size();
  body_.append(json::kPaddingBytes, '\0');
  Call call;
  call.head = head_;
  call.body = std::string_view(body_).substr(0, size);
  call.tls = tls_;
  call.now = loop_.wall_now();
  reply_ = owner_.reply_to(call);
  state_ = State::kReplying;
  next_chunk_ = 0;
  waited_ = false;
  write_head(reply_, head_->method);
  send_chunks();
}

void Connection::write_head(const Reply& reply, std::string_view method) {
  http::ResponseHead* head = http::new_response_head(arena_);
  head->status = reply.status;
  for (const auto& [name, value] : reply.headers) head->fields.add(name, value);
  std::size_t size = reply.missing_bytes;
  for (const Chunk& chunk : reply.chunks) size += chunk.bytes.size();
  head->framing = reply.streamed ? http::Framing::kChunked : http::Framing::kLength;
  head->content_length = size;
  head->keep_alive = head_ != nullptr && head_->keep_alive;
  http::h1::ResponseContext context;
  context.request_method = method;
  context.date = date_.at(loop_.wall_now());
  std::string out;
  if (!http::h1::write_response_head(*head, context, out)) {
    stream_->abort();
    finish();
    return;
  }
  stream_->write(out);
}

void Connection::send_chunks() {
  while (state_ == State::kReplying && next_chunk_ < reply_.chunks.size() && !draining_) {
    const Chunk& chunk = reply_.chunks[next_chunk_];
    if (chunk.delay.count() > 0 && !waited_) {
      stream_->flush();
      loop_.arm(delay_, chunk.delay);
      return;
    }
    waited_ = false;
    ++next_chunk_;
    std::string out;
    if (reply_.streamed) {
      http::h1::append_chunk(out, chunk.bytes);
    } else {
      out = chunk.bytes;
    }
    draining_ = !stream_->write(out);
    // One event per write, as a model sends them.
    if (reply_.streamed) stream_->flush();
  }
  if (state_ == State::kReplying && next_chunk_ == reply_.chunks.size()) end_reply();
}

void Connection::on_delay() {
  waited_ = true;
  send_chunks();
}

void Connection::end_reply() {
  if (reply_.end == End::kHang) {
    state_ = State::kDone;
    return;
  }
  if (reply_.end == End::kReset) {
    stream_->flush();
    stream_->abort();
    finish();
    return;
  }
  if (reply_.streamed) stream_->write(http::h1::kLastChunk);
  if (!head_->keep_alive) {
    state_ = State::kDone;
    stream_->close_gracefully(kLinger);
    return;
  }
  state_ = State::kReading;
  head_ = nullptr;
  body_.clear();
  arena_.reset();
  read();
}

void Connection::finish() {
  delay_.cancel();
  state_ = State::kDone;
  owner_.on_connection_end(*this);
}

}  // namespace tollgate::dataplane::mock::server
