#pragma once

#include <array>
#include <cstdint>

namespace tollgate::dataplane::limits {
class PassageOwner;
}

namespace tollgate::dataplane::exchange {

class Exchange;

/// What a phase wants next.
enum class Step : std::uint8_t {
  kContinue,  // the next phase
  kRespond,   // the exchange's reply is set: send it and end
  kWait,      // something under way goes on with the exchange later
};

enum class Phase : std::uint8_t {
  kAdmit,
  kListen,
  kLocal,
  kHold,
  kInspect,
  kRoute,
  kLimit,
  kAnswer,
  kForward,
  kDone,
};

/// The request pipeline: the only place that says what comes after what. Places are kept for what
/// is not built yet, so that their order is decided once: authentication that every candidate rule
/// asks for comes before kHold (strangers make us hold nothing); the rest of it and authorization
/// behind kRoute, before kLimit; caches behind kLimit. Limits are settled when the exchange is
/// over, with its record.
inline constexpr std::array kPipeline{
    Phase::kAdmit,   // one spelling of host and path, no internal fields: all later phases trust it
    Phase::kListen,  // the listener's policy bounds what may be held; it says if AI paths exist
    Phase::kLocal,   // documents of our own need no body and no rule
    Phase::kHold,    // the model name is in the body, and the model routes
    Phase::kInspect,  // one scan finds model and stream flag; refuses what is ambiguous
    Phase::kRoute,    // the rule decides everything below
    Phase::kLimit,    // whoever is over a limit gets no answer of any kind; the store may be asked
    Phase::kAnswer,   // terminal handlers: the rule answers itself or sends the client elsewhere
    Phase::kForward,  // backends are asked, one attempt after another
    Phase::kDone,
};
inline constexpr Phase kFirstPhase = kPipeline.front();

constexpr Phase next_phase(Phase phase) {
  for (std::size_t i = 0; i + 1 < kPipeline.size(); ++i) {
    if (kPipeline[i] == phase) return kPipeline[i + 1];
  }
  return Phase::kDone;
}

// One file each: phase_NAME.cc.
Step admit(Exchange& exchange);
Step listen(Exchange& exchange);
Step local(Exchange& exchange);
Step hold(Exchange& exchange);
Step inspect(Exchange& exchange);
Step route(Exchange& exchange);
Step limit(Exchange& exchange, limits::PassageOwner& owner);
Step answer(Exchange& exchange);
Step forward(Exchange& exchange);

}  // namespace tollgate::dataplane::exchange
