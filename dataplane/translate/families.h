#pragma once

#include "dataplane/translate/translate.h"

namespace tollgate::dataplane::translate {

// One function per family that does not stream. As `prepare`, for backends that speak another
// format than the client.

base::Result<Prepared> translate_embeddings(const providers::BackendSpec& backend,
                                            const Asked& asked, http::RequestHead& head,
                                            base::Arena& arena);
base::Result<Prepared> translate_count(const providers::BackendSpec& backend, const Asked& asked,
                                       catalog::Format format, http::RequestHead& head,
                                       base::Arena& arena);

/// `body` as the request of one attempt, in `format`.
base::Result<providers::UpstreamRequest> prepare_body(const providers::BackendSpec& backend,
                                                      const Asked& asked, catalog::Format format,
                                                      std::string_view model,
                                                      const std::string& body,
                                                      http::RequestHead& head, base::Arena& arena);

/// Writes errors in the client's dialect.
std::string write_error(catalog::Dialect dialect, const formats::chat::ChatError& error);

}  // namespace tollgate::dataplane::translate
