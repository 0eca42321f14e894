#include "dataplane/net/socket_stream.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace tollgate::dataplane::net {

namespace {

/// Takes the calls for a stream that nobody uses any more.
class Nobody final : public StreamHandler {
 public:
  void on_data(Stream&, Slice) override {}
  void on_end(Stream&, StreamEnd) override {}
  void on_closed(Stream&, const base::Error&) override {}
};

StreamHandler& nobody() {
  static Nobody instance;  // without state
  return instance;
}

}  // namespace

void retire(std::unique_ptr<Stream> stream) {
  if (stream == nullptr) return;
  stream->close();
  stream->set_handler(nobody());
  event::Loop& loop = stream->loop();
  loop.defer_delete(std::move(stream));
}

struct SocketStream::Linger {
  Linger(SocketStream& stream, std::chrono::milliseconds linger_time,
         std::chrono::milliseconds stall_time)
      : timer(event::Timer::of<&SocketStream::on_linger_look>(stream)),
        linger(linger_time),
        stall(stall_time),
        moved(stream.loop_.now()) {}

  event::Timer timer;
  std::chrono::milliseconds linger;
  std::chrono::milliseconds stall;
  base::MonotonicTime moved;  // when the peer last took something
  SendProgress progress;
};

SocketStream::SocketStream(const IoContext& io, Fd socket, const Address& peer, base::Origin origin,
                           std::unique_ptr<Transport> transport, StreamHandler& handler,
                           Start start)
    : loop_(io.loop),
      handler_(&handler),
      fd_(std::move(socket)),
      transport_(std::move(transport)),
      queue_(io.buffers),
      work_(event::Job::of<&SocketStream::on_work>(*this)),
      peer_(peer),
      state_(start == Start::kConnecting ? State::kConnecting : State::kHandshaking),
      origin_(origin) {
  auto watch = loop_.watch(fd_.get(), *this, event::Interest::kReadWrite, event::Trigger::kEdge);
  if (watch) {
    watch_ = std::move(*watch);
  } else {
    failure_ = std::make_unique<base::Error>(std::move(watch).error());
  }
  if (failure_ != nullptr || state_ == State::kHandshaking) schedule();
}

SocketStream::~SocketStream() {
  release();
}

void SocketStream::release() {
  if (state_ == State::kClosed) return;
  // A FIN after a part of what was promised would look like its end.
  if (writing() && !queue_.empty()) set_abortive_close(fd_.get());
  state_ = State::kClosed;
  watch_.end_by_close();
  fd_.reset();
  queue_.clear();
  work_.cancel();
  linger_.reset();
}

void SocketStream::close() {
  if (state_ == State::kOpen && queue_.empty()) transport_->before_close();
  release();
}

void SocketStream::abort() {
  if (state_ == State::kClosed) return;
  set_abortive_close(fd_.get());
  release();
}

void SocketStream::fail(const base::Error& error) {
  if (state_ == State::kClosed) return;
  release();
  handler_->on_closed(*this, error);
}

// --- events ---

void SocketStream::on_ready(event::Ready ready) {
  if (ready.readable) {
    readable_ = true;
    transport_->note_readable();
  }
  writable_ = writable_ || ready.writable;
  peer_closed_ = peer_closed_ || ready.peer_closed || ready.error;
  broken_ = broken_ || ready.error;
  on_work();
}

void SocketStream::on_work() {
  if (failure_ == nullptr) {
    if (state_ == State::kConnecting) step_connect();
    if (state_ == State::kHandshaking) step_handshake();
    if (writing()) send();
  }
  if (failure_ != nullptr) {
    settle_failure();
    return;
  }
  if (drained_due_ && state_ == State::kOpen) {
    drained_due_ = false;
    if (!above_high_) handler_->on_drained(*this);
  }
  if (state_ == State::kOpen) read_some();
  if (state_ == State::kLingering) discard();
  // With the peer's end read, no read would tell of its reset.
  if (broken_ && read_ended_ && writing() && failure_ == nullptr) {
    fail(socket_error(origin_, "connection", take_socket_error(fd_.get())));
  }
}

/// A peer that stops reading may have answered before: what it sent is read first, unless reading
/// is paused.
void SocketStream::settle_failure() {
  if (state_ == State::kOpen && pause_ == 0 && readable_ && !read_ended_) {
    read_some();
    if (state_ == State::kOpen && pause_ == 0 && readable_ && !read_ended_) return;
  }
  if (state_ == State::kClosed) return;
  const std::unique_ptr<base::Error> failure = std::move(failure_);
  fail(*failure);
}

void SocketStream::fail_write() {
  failure_ = std::make_unique<base::Error>(transport_->error());
  broken_ = true;
  queue_.clear();
  readable_ = true;
  peer_closed_ = true;
  schedule();
}

void SocketStream::step_connect() {
  if (!writable_) return;
  const int error = take_socket_error(fd_.get());
  if (error != 0) {
    fail(socket_error(origin_, "connect to " + peer_.to_string(), error));
    return;
  }
  state_ = State::kHandshaking;
  handler_->on_connected(*this);
}

void SocketStream::step_handshake() {
  const IoResult result = transport_->handshake();
  switch (result.status) {
    case IoStatus::kDone:
      state_ = State::kOpen;
      // Bytes may have come with the handshake's last ones, and the first write can but try.
      readable_ = readable_ || !result.drained;
      writable_ = true;
      handler_->on_open(*this);
      return;
    case IoStatus::kWantRead:
    case IoStatus::kWantWrite:
      return;
    case IoStatus::kEnd:
    case IoStatus::kTruncated:
    case IoStatus::kFailed:
      fail(transport_->error());
  }
}

// --- writing ---

bool SocketStream::write(std::string_view bytes) {
  if (state_ == State::kClosed || shutdown_wanted_ || failure_ != nullptr) return true;
  queue_.append_copy(bytes);
  return after_write();
}

bool SocketStream::write(Slice bytes) {
  if (state_ == State::kClosed || shutdown_wanted_ || failure_ != nullptr) return true;
  queue_.append(std::move(bytes));
  return after_write();
}

bool SocketStream::after_write() {
  if (queue_.bytes() >= high_bytes_ && !above_high_) {
    if (writing()) send();
    above_high_ = queue_.bytes() >= high_bytes_;
  }
  if (!queue_.empty() && !work_.queued()) schedule();
  return !above_high_;
}

void SocketStream::flush() {
  if (writing()) send();
}

void SocketStream::set_watermarks(std::size_t low_bytes, std::size_t high_bytes) {
  constexpr std::size_t kMost = std::numeric_limits<std::uint32_t>::max();
  high_bytes_ = static_cast<std::uint32_t>(std::clamp<std::size_t>(high_bytes, 1, kMost));
  low_bytes_ = static_cast<std::uint32_t>(std::min<std::size_t>(low_bytes, high_bytes_ - 1));
}

/// Sends what the kernel takes. What follows from it for the handler is told from on_work only.
void SocketStream::send() {
  if (failure_ != nullptr) return;
  while (!queue_.empty() && writable_) {
    const IoResult result = transport_->write(queue_);
    bytes_written_ += result.bytes;
    if (result.status == IoStatus::kWantWrite) {
      writable_ = false;
    } else if (result.status == IoStatus::kWantRead) {
      break;
    } else if (result.status == IoStatus::kFailed) {
      fail_write();
      return;
    }
  }
  if (above_high_ && queue_.bytes() <= low_bytes_) {
    above_high_ = false;
    drained_due_ = true;
    schedule();
  }
  if (!shutdown_wanted_ || shutdown_done_ || !queue_.empty()) return;
  const IoResult result = transport_->shutdown_write();
  if (result.status == IoStatus::kWantWrite) {
    writable_ = false;
  } else if (result.status == IoStatus::kFailed) {
    fail_write();
  } else if (result.status != IoStatus::kWantRead) {
    shutdown_done_ = true;
    if (linger_ != nullptr) loop_.arm(linger_->timer, linger_->linger);
  }
}

std::size_t SocketStream::unacknowledged_bytes() const {
  int bytes = 0;
  if (!fd_.valid() || ioctl(fd_.get(), SIOCOUTQ, &bytes) != 0 || bytes < 0) return 0;
  return static_cast<std::size_t>(bytes);
}

void SocketStream::shutdown_write() {
  if (state_ == State::kClosed || shutdown_wanted_) return;
  shutdown_wanted_ = true;
  schedule();
}

// --- reading ---

void SocketStream::resume_read(PauseReasons reasons) {
  if (pause_ == 0) return;
  pause_ &= ~reasons;
  if (pause_ == 0 && readable_ && state_ == State::kOpen) schedule();
}

void SocketStream::read_some() {
  for (std::size_t reads = 0; readable_ && pause_ == 0 && !read_ended_; ++reads) {
    if (reads == kReadsPerTurn) {
      if (!work_.queued()) loop_.run_next_turn(work_);
      return;
    }
    const std::span<char> area = queue_.pool().read_area();
    const IoResult result = transport_->read(area, peer_closed_);
    if (result.drained) readable_ = false;
    switch (result.status) {
      case IoStatus::kDone:
        deliver(result.bytes);
        break;
      case IoStatus::kWantRead:
        readable_ = false;
        break;
      case IoStatus::kWantWrite:
        return;  // tried again at the next event
      case IoStatus::kEnd:
        on_read_end(StreamEnd::kClean);
        break;
      case IoStatus::kTruncated:
        on_read_end(StreamEnd::kTruncated);
        break;
      case IoStatus::kFailed:
        fail(transport_->error());
        return;
    }
    if (state_ != State::kOpen) return;
  }
  tell_hangup();
}

void SocketStream::deliver(std::size_t bytes) {
  if (bytes == 0) return;
  bytes_read_ += bytes;
  handler_->on_data(*this, queue_.pool().take_read(bytes));
}

void SocketStream::on_read_end(StreamEnd end) {
  read_ended_ = true;
  readable_ = false;
  hangup_told_ = true;
  handler_->on_end(*this, end);
}

void SocketStream::tell_hangup() {
  if (!peer_closed_ || pause_ == 0) return;
  if (broken_ ? break_told_ : hangup_told_) return;
  hangup_told_ = true;
  break_told_ = broken_;
  handler_->on_hangup(*this);
}

// --- closing gracefully ---

void SocketStream::close_gracefully(std::chrono::milliseconds linger,
                                    std::chrono::milliseconds stall) {
  if (state_ == State::kClosed || state_ == State::kLingering) return;
  if (state_ != State::kOpen) {  // nobody to say goodbye to
    failure_ = std::make_unique<base::Error>(
        base::Error{base::Code::kCancelled, base::Origin::kInternal, false, "closed"});
    schedule();
    return;
  }
  state_ = State::kLingering;
  shutdown_wanted_ = true;
  pause_ = 0;
  linger_ = std::make_unique<Linger>(*this, linger, stall);
  linger_->progress.advance(*this);
  loop_.arm(linger_->timer, std::min(linger, stall));
  schedule();
}

void SocketStream::discard() {
  for (std::size_t reads = 0; readable_ && !read_ended_; ++reads) {
    if (reads == kReadsPerTurn) {
      if (!work_.queued()) loop_.run_next_turn(work_);
      return;
    }
    const IoResult result = transport_->read(queue_.pool().read_area(), peer_closed_);
    if (result.drained) readable_ = false;
    bytes_read_ += result.bytes;
    if (result.status == IoStatus::kWantRead) readable_ = false;
    if (result.status == IoStatus::kWantWrite) return;
    if (result.status == IoStatus::kFailed) {
      fail(transport_->error());
      return;
    }
    read_ended_ = result.status == IoStatus::kEnd || result.status == IoStatus::kTruncated;
  }
  finish_linger_if_done();
}

void SocketStream::finish_linger_if_done() {
  if (!shutdown_done_ || !read_ended_) return;
  fail({base::Code::kCancelled, base::Origin::kInternal, false, "closed"});
}

/// Before our last byte is out it looks whether the peer still takes something, afterwards the time
/// for reading it is over. Bytes that only the kernel has are not out: a close while the peer still
/// sends would make the kernel drop them.
void SocketStream::on_linger_look() {
  const std::size_t waiting = unacknowledged_bytes();
  if (shutdown_done_ && waiting == 0) {
    fail({base::Code::kCancelled, base::Origin::kInternal, false, "closed after lingering"});
    return;
  }
  if (linger_->progress.advance(*this)) {
    linger_->moved = loop_.now();
  } else if (loop_.now() - linger_->moved >= linger_->stall) {
    set_abortive_close(fd_.get());
    fail({base::Code::kTimeout, origin_, false, "the peer took nothing for too long"});
    return;
  }
  loop_.arm(linger_->timer, std::min(linger_->linger, linger_->stall));
}

}  // namespace tollgate::dataplane::net
