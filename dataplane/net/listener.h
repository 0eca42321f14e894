#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "dataplane/event/loop.h"
#include "dataplane/net/socket.h"

namespace tollgate::dataplane::net {

class Listener;
class ListenerGroup;

/// One place under the connection cap. The owner of an accepted connection keeps it as long as the
/// connection lives, on the worker that got it.
class ConnectionSlot {
 public:
  ConnectionSlot() = default;
  ConnectionSlot(std::shared_ptr<ListenerGroup> group, std::size_t worker);
  ConnectionSlot(ConnectionSlot&& other) noexcept;
  ConnectionSlot& operator=(ConnectionSlot&& other) noexcept;
  ~ConnectionSlot() { reset(); }
  void reset();

 private:
  std::shared_ptr<ListenerGroup> group_;
  std::size_t worker_ = 0;
};

struct Accepted {
  Fd socket;  // non-blocking, close-on-exec, TCP_NODELAY
  Address peer;
  ConnectionSlot slot;
};

class AcceptHandler {
 public:
  virtual void on_accept(Accepted accepted) = 0;

 protected:
  ~AcceptHandler() = default;
};

struct ListenLimits {
  int backlog = 4096;
  /// Connections of all workers together; new ones wait in the kernel's queue.
  std::size_t max_connections = 100'000;
  /// A worker with this many connections more than the emptiest one hands new ones over.
  std::size_t max_imbalance = 2;
};

/// What the listeners of all workers on one address share: how many connections each has. Made once
/// per address; atomics only.
class ListenerGroup : public std::enable_shared_from_this<ListenerGroup> {
 public:
  ListenerGroup(std::size_t workers, const ListenLimits& limits);

  [[nodiscard]] std::size_t connections() const;
  [[nodiscard]] std::size_t connections_of(std::size_t worker) const;
  [[nodiscard]] const ListenLimits& limits() const { return limits_; }

 private:
  friend class Listener;
  friend class ConnectionSlot;
  struct alignas(64) Seat {
    std::atomic<std::size_t> connections{0};
    std::atomic<bool> open{false};
    std::shared_ptr<event::Mailbox> mailbox;  // written before `open`, kept for ever after
    Listener* listener = nullptr;             // touched by its own worker only
  };
  [[nodiscard]] std::size_t pick(std::size_t self) const;

  ListenLimits limits_;
  std::vector<Seat> seats_;
};

struct ListenerStats {
  std::uint64_t accepted = 0;
  std::uint64_t handed_over = 0;   // given to another worker
  std::uint64_t out_of_files = 0;  // EMFILE or ENFILE seen
  std::uint64_t at_cap = 0;        // pauses because of max_connections
  std::uint64_t shed = 0;          // closed unserved because files stayed short
  std::uint64_t failed = 0;        // other failures of accept
};

/// The listening socket of one worker (SO_REUSEPORT). It survives snapshot changes: its owner keeps
/// it and changes what `handler` does. New connections go to the worker with the fewest.
class Listener final : private event::FdHandler {
 public:
  /// `worker` is this worker's seat in the group. With port 0 the first worker learns the port from
  /// `address()` and the others open that one. `handler` outlives the listener.
  static base::Result<std::unique_ptr<Listener>> open(event::Loop& loop, const Address& address,
                                                      std::shared_ptr<ListenerGroup> group,
                                                      std::size_t worker, AcceptHandler& handler);
  /// For one thread: a group of one seat.
  static base::Result<std::unique_ptr<Listener>> open(event::Loop& loop, const Address& address,
                                                      AcceptHandler& handler,
                                                      const ListenLimits& limits = {});
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] const Address& address() const { return address_; }
  [[nodiscard]] const ListenerStats& stats() const { return stats_; }

  /// Stops taking connections (they wait in the kernel) and goes on.
  void pause();
  void resume();

  /// Takes every connection that has reached the accept queue, then closes the socket and calls
  /// `done` (which may destroy the listener). Connections taken live on.
  void drain_and_close(std::function<void()> done);
  [[nodiscard]] bool closed() const { return !socket_.valid(); }

  static constexpr int kAcceptsPerTurn = 64;
  /// While files are short or the cap is reached, accepting is tried again this often.
  static constexpr std::chrono::milliseconds kRetryInterval{50};
  /// When files have been short for this long, waiting connections are closed, not left to hang.
  static constexpr std::chrono::milliseconds kShedAfter{1000};
  /// How long the queue of a draining socket must have been empty, and how long draining may take.
  static constexpr std::chrono::milliseconds kDrainQuiet{20};
  static constexpr std::chrono::milliseconds kDrainMax{1000};

 private:
  friend class ConnectionSlot;
  enum class Take : std::uint8_t { kTaken, kEmpty, kBlocked };

  Listener(event::Loop& loop, Fd socket, const Address& address,
           std::shared_ptr<ListenerGroup> group, std::size_t worker, AcceptHandler& handler);
  void on_ready(event::Ready ready) override;
  void on_retry();
  void accept_some();
  Take accept_one();
  Take on_accept_error(int error_number);
  void place(Fd socket, const Address& peer);
  void hand_over(std::size_t target, Fd socket, const Address& peer);
  void block(base::MonotonicTime since);
  void unblock();
  void shed();
  void on_drain_timer();
  void finish();

  event::Loop& loop_;
  Fd socket_;
  Fd reserve_;  // given up for a moment to close connections that no file is left for
  Address address_;
  std::shared_ptr<ListenerGroup> group_;
  std::size_t worker_;
  AcceptHandler& handler_;
  event::Watch watch_;
  event::Timer retry_;
  event::Timer drain_timer_;
  ListenerStats stats_;
  bool paused_ = false;
  bool at_cap_ = false;
  std::optional<base::MonotonicTime> short_since_;
  bool draining_ = false;
  base::MonotonicTime drain_until_{};
  std::function<void()> drained_;
};

}  // namespace tollgate::dataplane::net
