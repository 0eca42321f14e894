#pragma once

#include "dataplane/mock/model_host.h"

namespace tollgate::dataplane::mock::server {

/// Plays the provider: checks path, Host, credential, signature, model and every field of the
/// request, and answers as it would, errors included. The last user message may steer the answer,
/// which tests use: "[[mock status=429]]", and likewise `chunks=N`, `delay=MS`, `usage=IN/OUT`,
/// `cached=N`, `calls=N` (tool calls at once), `cut=N` (the connection dies after N events),
/// `fail=N` (an error event after N events), `fault=NAME` (see Fault), `hang` (no end). So may a
/// model called mock-error-429, mock-error-html and so on.
Reply answer(const ModelHost& host, const Call& call);

/// The answer where no host of the list is meant.
Reply nobody(const Call& call);

}  // namespace tollgate::dataplane::mock::server
