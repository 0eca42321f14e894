#include "dataplane/proxy/credentials.h"

#include <utility>

#include "dataplane/auth/aws_documents.h"
#include "dataplane/base/text.h"

namespace tollgate::dataplane::proxy {

namespace {

catalog::CredentialType type_of(snapshot::CredentialType type) {
  switch (type) {
    case snapshot::CredentialType::kApiKey:
      return catalog::CredentialType::kApiKey;
    case snapshot::CredentialType::kAnthropicApiKey:
      return catalog::CredentialType::kAnthropicApiKey;
    case snapshot::CredentialType::kAzureApiKey:
      return catalog::CredentialType::kAzureApiKey;
    case snapshot::CredentialType::kAws:
      return catalog::CredentialType::kAwsCredentials;
    case snapshot::CredentialType::kGcp:
      return catalog::CredentialType::kGcpCredentials;
  }
  return catalog::CredentialType::kNone;
}

bool is_ambient(const snapshot::CredentialNode& node) {
  return node.value.type == snapshot::CredentialType::kAws && !node.secret;
}

}  // namespace

CredentialKeeper::CredentialKeeper(event::Loop& loop, net::dial::Connector& connector,
                                   net::tls::ClientContexts& tls, std::function<void()> changed)
    : loop_(loop),
      connector_(connector),
      tls_(tls),
      changed_(std::move(changed)),
      current_(std::make_shared<const exchange::attempt::Credentials>()) {}

CredentialKeeper::~CredentialKeeper() = default;

exchange::attempt::CredentialState CredentialKeeper::from_surroundings(
    const snapshot::CredentialNode& node) {
  if (!aws_) {
    auth::AwsKeySourceOptions options;
    options.surroundings = auth::process_surroundings(node.value.aws_region);
    aws_ = std::make_unique<auth::AwsKeySource>(
        loop_, connector_, tls_, std::move(options),
        [this](const std::shared_ptr<const auth::AwsKeysState>&) { on_keys(); });
    aws_->start();
  }
  const auto& state = aws_->state();
  if (!state || !state->keys) {
    return {nullptr, !state || state->problem.empty() ? "keys are being fetched" : state->problem};
  }
  auto credential = std::make_shared<auth::Credential>();
  credential->type = catalog::CredentialType::kAwsCredentials;
  credential->aws = *state->keys;
  credential->aws_region = node.value.aws_region;
  return {std::move(credential), {}};
}

exchange::attempt::CredentialState CredentialKeeper::make(const snapshot::CredentialNode& node) {
  if (is_ambient(node)) return from_surroundings(node);
  auto credential = std::make_shared<auth::Credential>();
  credential->type = type_of(node.value.type);
  const std::string_view secret = node.secret->value.value.reveal();
  if (node.value.type != snapshot::CredentialType::kAws) {
    const std::string_view key = base::trim(secret);
    if (key.empty()) return {nullptr, "the key is empty"};
    credential->key = base::Secret(std::string(key));
    credential->gcp_project = node.value.gcp_project;
    credential->gcp_region = node.value.gcp_region;
    return {std::move(credential), {}};
  }
  auto keys = auth::parse_credentials_file(secret, node.value.aws_profile);
  if (!keys) return {nullptr, keys.error().detail};
  credential->aws = std::move(*keys);
  credential->aws_region = node.value.aws_region;
  return {std::move(credential), {}};
}

void CredentialKeeper::apply(
    const std::vector<snapshot::NodeChange<snapshot::CredentialNode>>& changes) {
  if (changes.empty()) return;
  for (const auto& change : changes) {
    const snapshot::SlotId id = change.after ? change.after->id : change.before->id;
    if (id.slot >= entries_.size()) entries_.resize(id.slot + 1);
    entries_[id.slot] = {};
    if (change.after) entries_[id.slot] = {change.after, make(*change.after)};
  }
  publish();
}

void CredentialKeeper::on_keys() {
  if (!aws_) return;  // the first state comes while the source is being made
  for (Entry& entry : entries_) {
    if (entry.node && is_ambient(*entry.node)) entry.state = from_surroundings(*entry.node);
  }
  publish();
  changed_();
}

void CredentialKeeper::publish() {
  auto credentials = std::make_shared<exchange::attempt::Credentials>();
  for (const Entry& entry : entries_) {
    credentials->entries.push_back(
        {entry.node ? entry.node->id.generation : UINT32_MAX, entry.state});
  }
  current_ = std::move(credentials);
}

std::vector<CredentialKeeper::Problem> CredentialKeeper::problems() const {
  std::vector<Problem> problems;
  for (const Entry& entry : entries_) {
    if (entry.node && !entry.state.current) {
      problems.push_back({entry.node->key, entry.state.problem});
    }
  }
  return problems;
}

}  // namespace tollgate::dataplane::proxy
