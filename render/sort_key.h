#pragma once

#include <cstddef>
#include <string>

#include "reconcilers/model/route.h"

namespace tollgate::render {

namespace model = tollgate::reconcilers::model;

/// The precedence of one match among all of one hostname, as text whose byte-wise smallest wins.
/// Gateway API order: exact path, then regular expression, then prefix; of regular expressions and
/// prefixes the longer; a method; more headers; more query parameters; the older route; its
/// namespace/name; the rule's and the match's place in it. Where a regular expression stands is
/// left to implementations: between exact and prefix, as Envoy Gateway has it. A header compared by
/// regular expression counts as a header. Unique: the route's kind is part of it.
std::string sort_key(const model::Route& route, const model::Match& match, std::size_t rule,
                     std::size_t match_index);

}  // namespace tollgate::render
