#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dataplane/mock/model_host.h"
#include "dataplane/snapshot/resource.h"
#include "reconcilers/model/exchange.h"

namespace tollgate::controller::standalone {

/// The dummy AWS keys of `--mock`, which stand for what exists where a proxy runs.
inline constexpr const char* kMockAccessKeyId = "AKIAMOCKMOCKMOCKMOCK";
inline constexpr const char* kMockSecretAccessKey = "mock/secret/access/key/of/no/account/0000";

/// What the built-in model server has to play so that every AI backend of a set finds its provider:
/// host, API, models that rules send there, and the credential that the backend is configured with;
/// and the token services if there is such a backend or an exchange.
/// Resources that cannot be read are left out: the proxy refuses them.
std::vector<dataplane::mock::ModelHost> mock_hosts(
    const dataplane::snapshot::ResourceSet& set,
    const std::vector<reconcilers::model::Exchange>& exchanges);

/// The token services of AWS, Azure and Google that credentials are exchanged at, and what else
/// these exchanges ask (OpenID issuers), as the model server plays them: any well-formed client is
/// let in.
std::vector<dataplane::mock::ModelHost> token_hosts(
    const std::set<std::string>& aws_regions,
    const std::vector<reconcilers::model::Exchange>& exchanges);

/// Host, port and whether TLS is spoken of an http or https URL; nothing else of it is filled in.
/// nullopt if it is none.
std::optional<dataplane::mock::ModelHost> host_of_url(const std::string& url);

}  // namespace tollgate::controller::standalone
