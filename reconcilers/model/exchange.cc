#include "reconcilers/model/exchange.h"

#include <tuple>

namespace tollgate::reconcilers::model {
namespace {

auto tie(const OidcClient& c) {
  return std::tie(c.issuer, c.token_endpoint, c.client_id, c.scopes, c.grant_type, c.audience);
}

auto tie(const Exchange& e) {
  return std::tie(e.policy, e.kind, e.aws_region, e.aws_role_arn, e.azure_tenant, e.azure_client_id,
                  e.gcp_project_number, e.gcp_pool, e.gcp_provider, e.gcp_impersonate);
}

bool same(const dataplane::base::Secret& a, const dataplane::base::Secret& b) {
  return a.reveal() == b.reveal();
}

}  // namespace

bool operator==(const OidcClient& a, const OidcClient& b) {
  return tie(a) == tie(b) && same(a.client_secret, b.client_secret);
}

bool same_identity(const Exchange& a, const Exchange& b) {
  if (a.oidc.has_value() != b.oidc.has_value()) return false;
  return tie(a) == tie(b) && (!a.oidc || tie(*a.oidc) == tie(*b.oidc));
}

bool operator==(const Exchange& a, const Exchange& b) {
  return same_identity(a, b) && a.oidc == b.oidc &&
         same(a.azure_client_secret, b.azure_client_secret) &&
         same(a.gcp_service_account, b.gcp_service_account);
}

bool operator==(const ExchangedToken& a, const ExchangedToken& b) {
  if (a.problem != b.problem || a.value.has_value() != b.value.has_value()) return false;
  return !a.value || same(*a.value, *b.value);
}

}  // namespace tollgate::reconcilers::model
