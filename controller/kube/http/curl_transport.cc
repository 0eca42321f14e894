#include "controller/kube/http/curl_transport.h"

#include <mutex>
#include <utility>

#include "controller/kube/http/curl_pool.h"

namespace tollgate::controller::kube::http {

namespace {

// The low bits of an id say which pool a request runs in.
constexpr RequestId kPoolBits = 8;
constexpr RequestId kMaxPools = RequestId{1} << kPoolBits;

// Threads that start streams at the same time may each see the last free place.
constexpr std::size_t kMaxStreams = CurlPool::kMaxActive - 10;

}  // namespace

struct CurlTransport::Impl {
  explicit Impl(const Endpoint& where) : endpoint(where) {}

  const Endpoint endpoint;
  std::mutex mutex;
  RequestId next_id = 1;
  bool stopped = false;
  // 0: unary requests, the others: streams. Pools are made when needed and live to the end.
  std::vector<std::unique_ptr<CurlPool>> pools;

  std::size_t pool_for(bool stream) {
    if (pools.empty()) pools.push_back(std::make_unique<CurlPool>(endpoint));
    if (!stream) return 0;
    for (std::size_t i = 1; i < pools.size(); ++i) {
      if (pools[i]->active() < kMaxStreams) return i;
    }
    if (pools.size() < kMaxPools) pools.push_back(std::make_unique<CurlPool>(endpoint));
    return pools.size() - 1;
  }

  /// Null for an id that no request has (0).
  CurlPool* pool_of(RequestId id) {
    const std::lock_guard lock(mutex);
    const std::size_t index = id % kMaxPools;
    return id == 0 || index >= pools.size() ? nullptr : pools[index].get();
  }
};

CurlTransport::CurlTransport(const Endpoint& endpoint) : impl_(std::make_unique<Impl>(endpoint)) {}

CurlTransport::~CurlTransport() {
  shutdown();
}

RequestId CurlTransport::start(HttpRequest request, std::shared_ptr<HttpSink> sink) {
  CurlPool* pool = nullptr;
  RequestId id = 0;
  {
    const std::lock_guard lock(impl_->mutex);
    if (!impl_->stopped) {
      const std::size_t index = impl_->pool_for(request.stream);
      id = (impl_->next_id++ << kPoolBits) + index;
      pool = impl_->pools[index].get();
    }
  }
  if (pool == nullptr) {
    const auto error = dataplane::base::backend_error(dataplane::base::Code::kCancelled, false,
                                                      "the client is stopping");
    sink->on_end(&error, false);
    return 0;
  }
  pool->start(id, std::move(request), std::move(sink));
  return id;
}

void CurlTransport::resume(RequestId id) {
  if (CurlPool* pool = impl_->pool_of(id)) pool->resume(id);
}

void CurlTransport::cancel(RequestId id) {
  if (CurlPool* pool = impl_->pool_of(id)) pool->cancel(id);
}

void CurlTransport::shutdown() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopped = true;
  }
  // No pool is made any more, so the list is read without the lock, which sinks may need.
  for (const auto& pool : impl_->pools) pool->shutdown();
}

}  // namespace tollgate::controller::kube::http
