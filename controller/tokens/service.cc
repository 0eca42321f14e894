#include "controller/tokens/service.h"

#include <utility>

namespace tollgate::controller::tokens {

TokenService::TokenService(Surroundings surroundings, TokenKeeper::Report deliver)
    : surroundings_(std::move(surroundings)), deliver_(std::move(deliver)) {}

TokenService::~TokenService() {
  if (!thread_) return;
  http_->abort();
  thread_->run([this] { keeper_.reset(); });
  thread_->stop();
}

void TokenService::want(const std::string& policy, std::optional<model::Exchange> exchange) {
  if (!thread_) {
    if (!exchange) return;
    thread_ = std::make_unique<kube::SerialExecutor>("tokens");
    auto http = std::make_unique<CurlHttp>(std::move(surroundings_));
    http_ = http.get();
    keeper_ = std::make_unique<TokenKeeper>(*thread_, std::move(http), deliver_);
  }
  thread_->post([this, policy, exchange = std::move(exchange)]() mutable {
    keeper_->want(policy, std::move(exchange));
  });
}

}  // namespace tollgate::controller::tokens
