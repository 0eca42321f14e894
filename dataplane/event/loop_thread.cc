#include "dataplane/event/loop_thread.h"

#include <future>
#include <utility>

namespace tollgate::dataplane::event {

base::Result<std::unique_ptr<LoopThread>> LoopThread::start(base::Clock& clock) {
  TRY_ASSIGN(std::unique_ptr<Loop> loop, Loop::create(clock));
  return std::unique_ptr<LoopThread>(new LoopThread(std::move(loop)));
}

LoopThread::LoopThread(std::unique_ptr<Loop> loop)
    : loop_(std::move(loop)), thread_([this] { loop_->run(); }) {}

LoopThread::~LoopThread() {
  post([this] { loop_->stop(); });
  thread_.join();
}

void LoopThread::run(const std::function<void()>& task) {
  std::promise<void> done;
  post([&task, &done] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

void LoopThread::post(const std::function<void()>& task) {
  // The mailbox is full only while the loop is behind: it has room again within a turn.
  while (!loop_->mailbox()->post(Task(task))) std::this_thread::yield();
}

}  // namespace tollgate::dataplane::event
