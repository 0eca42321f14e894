#pragma once

#include <string>
#include <string_view>

namespace tollgate::dataplane::limits::redis {

/// The one script that counters are changed by. Keys: counters, and behind them the sender's
/// journal if the first argument is not 0. Arguments: the charge's number in its sender's order (0:
/// none), then for each counter the amount and the seconds after which it may be forgotten. Answers
/// all counts. A charge that the journal knows already changes nothing, so it may be sent again
/// after its answer was lost.
std::string_view script_text();

/// Its SHA-1 in hex, by which a server that has seen the script knows it.
const std::string& script_id();

}  // namespace tollgate::dataplane::limits::redis
