#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "controller/tokens/http.h"
#include "dataplane/base/hash.h"

namespace tollgate::controller::tokens::test {

/// Answers calls in the order of its script and notes them.
struct FakeHttp final : Http {
  std::vector<Call> calls;
  std::deque<base::Result<Answer>> script;

  base::Result<Answer> call(const Call& call) override {
    calls.push_back(call);
    if (script.empty()) return base::internal_error("the script is at its end");
    auto next = std::move(script.front());
    script.pop_front();
    return next;
  }
  void answer(int status, std::string body) {
    script.emplace_back(Answer{status, std::move(body)});
  }
  void break_down() {
    script.emplace_back(
        base::backend_error(base::Code::kUnavailable, true, "https://h: Couldn't connect"));
  }
};

inline base::WallTime start() {
  return base::WallTime(std::chrono::seconds(1'767'225'600));  // 2026-01-01T00:00:00Z
}

/// The text of a base64url part.
inline std::string unpacked(std::string text) {
  for (char& c : text) {
    if (c == '-') c = '+';
    if (c == '_') c = '/';
  }
  while (text.size() % 4 != 0) text += '=';
  return base::base64_decode(text).value_or("");
}

}  // namespace tollgate::controller::tokens::test
