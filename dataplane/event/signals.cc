#include "dataplane/event/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <utility>

namespace tollgate::dataplane::event {

namespace {
sigset_t set_of(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  return set;
}
}  // namespace

void block_signals(std::initializer_list<int> signals) {
  const sigset_t set = set_of(signals);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, nullptr);
}

void wait_for_signal(std::initializer_list<int> signals) {
  const sigset_t set = set_of(signals);
  int signal = 0;
  sigwait(&set, &signal);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

SignalWatch::SignalWatch(int fd, std::function<void(int)> on_signal)
    : fd_(fd), on_signal_(std::move(on_signal)) {}

SignalWatch::~SignalWatch() {
  watch_.end();
  ::close(fd_);
}

base::Result<std::unique_ptr<SignalWatch>> SignalWatch::create(Loop& loop,
                                                               std::initializer_list<int> signals,
                                                               std::function<void(int)> on_signal) {
  const sigset_t set = set_of(signals);
  const int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (fd < 0) return base::internal_error(std::string("signalfd: ") + base::errno_text(errno));
  std::unique_ptr<SignalWatch> result(new SignalWatch(fd, std::move(on_signal)));
  TRY_ASSIGN(result->watch_, loop.watch(fd, *result, Interest::kRead, Trigger::kLevel));
  return result;
}

void SignalWatch::on_ready(Ready) {
  signalfd_siginfo info{};
  if (read(fd_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    on_signal_(static_cast<int>(info.ssi_signo));
  }
}

}  // namespace tollgate::dataplane::event
