#include "dataplane/proxy/proxy.h"

#include <future>
#include <utility>

#include "dataplane/proxy/service.h"

namespace tollgate::dataplane::proxy {

class Proxy::Impl {
 public:
  std::unique_ptr<Service> service;
};

base::Result<std::unique_ptr<Proxy>> Proxy::start(Options options) {
  auto impl = std::make_unique<Impl>();
  TRY_ASSIGN(impl->service, Service::create(std::move(options)));
  impl->service->start();
  return std::unique_ptr<Proxy>(new Proxy(std::move(impl)));
}

Proxy::Proxy(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Proxy::~Proxy() {
  impl_->service->stop();
}

void Proxy::post(event::Task task) {
  impl_->service->post(std::move(task));
}

void Proxy::apply(snapshot::Delta delta, Done done) {
  post([service = impl_->service.get(), delta = std::move(delta),
        done = std::move(done)]() mutable { service->apply(std::move(delta), std::move(done)); });
}

ApplyResult Proxy::apply_and_wait(snapshot::Delta delta) {
  auto promise = std::make_shared<std::promise<ApplyResult>>();
  auto future = promise->get_future();
  apply(std::move(delta), [promise](const ApplyResult& result) { promise->set_value(result); });
  return future.get();
}

void Proxy::drain(std::function<void()> done) {
  post([service = impl_->service.get(), done = std::move(done)]() mutable {
    service->drain(std::move(done));
  });
}

void Proxy::drain_and_wait() {
  auto promise = std::make_shared<std::promise<void>>();
  auto future = promise->get_future();
  drain([promise] { promise->set_value(); });
  future.get();
}

void Proxy::collect(std::function<void(telemetry::Exposition)> done) {
  post([service = impl_->service.get(), done = std::move(done)]() mutable {
    service->collect(std::move(done));
  });
}

const net::IoContext& Proxy::service_io() const {
  return impl_->service->io();
}
net::dns::Resolver& Proxy::service_resolver() {
  return impl_->service->resolver();
}
const snapshot::ResourceSet& Proxy::resources() const {
  return impl_->service->resources();
}
bool Proxy::ready() const {
  return impl_->service->ready();
}
std::vector<CredentialProblem> Proxy::credential_problems() const {
  return impl_->service->credential_problems();
}
void Proxy::on_credentials(std::function<void()> changed) {
  impl_->service->on_credentials(std::move(changed));
}
std::optional<net::Address> Proxy::admin_address() const {
  return impl_->service->admin_address();
}

}  // namespace tollgate::dataplane::proxy
