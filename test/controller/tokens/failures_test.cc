#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "controller/tokens/answers.h"
#include "controller/tokens/exchange.h"
#include "test/controller/tokens/exchanges.h"
#include "test/controller/tokens/fake_http.h"

// What goes wrong in each step, and what is said then: the step, the host or the status, what the
// other side said; never a secret.

namespace tollgate::controller::tokens {
namespace {

using std::chrono::seconds;
using test::FakeHttp;

struct Step {
  std::string name;
  const char* good;
  std::vector<const char*> members;  // without one of them the answer is useless
};
struct Chain {
  std::string name;
  model::Exchange what;
  std::vector<Step> steps;
};

const Step kDiscovery{"OpenID Connect discovery", test::kDiscovery, {"token_endpoint", "issuer"}};
const Step kGrant{"client credentials grant", R"({"access_token": "id.tok.en"})", {"access_token"}};

std::vector<Chain> chains() {
  const Step sts{"AWS STS AssumeRoleWithWebIdentity", test::kKeys, {}};
  const Step entra{"Microsoft Entra ID", test::kToken, {"access_token"}};
  const Step google{"Google STS", test::kFederated, {"access_token"}};
  const Step iam{"Google generateAccessToken", R"({"accessToken": "t"})", {"accessToken"}};
  return {{"aws", test::aws(), {kDiscovery, kGrant, sts}},
          {"azure", test::azure_secret(), {entra}},
          {"azure federated", test::azure_assertion(), {kDiscovery, kGrant, entra}},
          {"google", test::federation(), {kDiscovery, kGrant, google}},
          {"google as an account", test::federation("a@b"), {kDiscovery, kGrant, google, iam}}};
}

/// What `answer` as the answer of the last of `steps` steps leads to.
std::string error_of(const Chain& chain, std::size_t steps,
                     const std::function<void(FakeHttp&)>& answer) {
  FakeHttp http;
  for (std::size_t i = 0; i + 1 < steps; ++i) http.answer(200, chain.steps[i].good);
  answer(http);
  const auto token = exchange(chain.what, http, test::start());
  EXPECT_EQ(http.calls.size(), steps) << chain.name;
  if (token) return "";
  for (const std::string& secret : test::secrets()) {
    EXPECT_EQ(token.error().detail.find(secret), std::string::npos) << token.error().detail;
  }
  return token.error().detail;
}

/// Everything that was sent, in one text: what a careless server repeats.
std::string all_secrets() {
  std::string out;
  for (const std::string& secret : test::secrets()) {
    if (secret != "PRIVATE KEY") out += secret + " ";
  }
  return out;
}

template <typename Check>
void each_step(Check check) {
  for (const Chain& chain : chains()) {
    for (std::size_t steps = 1; steps <= chain.steps.size(); ++steps) {
      SCOPED_TRACE(chain.name + ", step " + std::to_string(steps));
      check(chain, steps, chain.steps[steps - 1].name + ": ");
    }
  }
}

TEST(Failures, EveryStepNamesItselfAndWhatTheOtherSideSaid) {
  each_step([](const Chain& chain, std::size_t steps, const std::string& step) {
    EXPECT_EQ(error_of(chain, steps, [](FakeHttp& http) { http.break_down(); }),
              step + "https://h: Couldn't connect");
    EXPECT_EQ(error_of(chain, steps,
                       [](FakeHttp& http) {
                         http.answer(401,
                                     R"({"error": "invalid_client", "error_description": "No."})");
                       }),
              step + "status 401 (invalid_client, No.)");
    EXPECT_EQ(error_of(chain, steps,
                       [](FakeHttp& http) {
                         http.answer(403, R"({"error": {"code": 403, "message": "Denied"}})");
                       }),
              step + "status 403 (Denied)");
    EXPECT_EQ(error_of(chain, steps,
                       [](FakeHttp& http) {
                         http.answer(400,
                                     "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not "
                                     "&lt;you&gt;</Message></Error></ErrorResponse>");
                       }),
              step + "status 400 (AccessDenied: Not <you>)");
    EXPECT_EQ(error_of(chain, steps,
                       [](FakeHttp& http) { http.answer(502, "<html><b>Bad Gateway</b></html>"); }),
              step + "status 502");
    EXPECT_EQ(error_of(chain, steps, [](FakeHttp& http) { http.answer(302, ""); }),
              step + "status 302");
  });
}

TEST(Failures, WhatServersRepeatOfWhatTheyWereSentIsBlackedOut) {
  each_step([](const Chain& chain, std::size_t steps, const std::string& step) {
    // Only what this step sent can come back; nothing of it may.
    FakeHttp http;
    for (std::size_t i = 0; i + 1 < steps; ++i) http.answer(200, chain.steps[i].good);
    struct Echo final : Http {
      FakeHttp* before = nullptr;
      std::size_t last = 0;
      base::Result<Answer> call(const Call& call) override {
        if (before->calls.size() + 1 < last) return before->call(call);
        std::string text = call.body;
        for (const auto& [name, value] : call.headers) text += " " + value;
        const nlohmann::json body = {{"error", text}, {"error_description", all_sent(call)}};
        return Answer{400, body.dump()};
      }
      static std::string all_sent(const Call& call) {
        // Unescaped, as a server sees it.
        std::string out;
        for (std::size_t i = 0; i < call.body.size(); ++i) {
          if (call.body[i] != '%') {
            out += call.body[i];
            continue;
          }
          out += static_cast<char>(std::stoi(call.body.substr(i + 1, 2), nullptr, 16));
          i += 2;
        }
        return out.substr(out.size() > 150 ? out.size() - 150 : 0);
      }
    } echo;
    echo.before = &http;
    echo.last = steps;
    const auto token = exchange(chain.what, echo, test::start());
    ASSERT_FALSE(token);
    EXPECT_TRUE(token.error().detail.starts_with(step + "status 400")) << token.error().detail;
    for (const std::string& secret : test::secrets()) {
      EXPECT_EQ(token.error().detail.find(secret), std::string::npos) << token.error().detail;
    }
  });
}

TEST(Failures, GoodStatusesWithBadAnswers) {
  each_step([](const Chain& chain, std::size_t steps, const std::string& step) {
    const auto answered = [&](const std::string& body) {
      return error_of(chain, steps, [&body](FakeHttp& http) { http.answer(200, body); });
    };
    const Step& at = chain.steps[steps - 1];
    if (at.members.empty()) {
      EXPECT_EQ(answered("<html>" + all_secrets() + "</html>"),
                step + "the answer of STS has no credentials");
      return;
    }
    EXPECT_EQ(answered("<html>" + all_secrets() + "</html>"),
              step + "the answer is no JSON object");
    EXPECT_EQ(answered(""), step + "the answer is no JSON object");
    EXPECT_EQ(answered("[]"), step + "the answer is no JSON object");
    for (const char* member : at.members) {
      nlohmann::json document = nlohmann::json::parse(at.good);
      document.erase(member);
      EXPECT_EQ(answered(document.dump()), step + "the answer has no " + member);
      document[member] = 7;
      EXPECT_EQ(answered(document.dump()), step + "the answer has no " + member);
    }
  });
}

TEST(Failures, DiscoveryBelievesOnlyItsOwnIssuerAndHttps) {
  const Chain chain{"azure federated", test::azure_assertion(), {kDiscovery}};
  const auto answered = [&chain](const std::string& body) {
    return error_of(chain, 1, [&body](FakeHttp& http) { http.answer(200, body); });
  };
  EXPECT_EQ(answered(R"({"issuer": "https://evil.example.com", "token_endpoint": "https://x/t"})"),
            "OpenID Connect discovery: the document is of another issuer than "
            "https://id.example.com/realms/lab");
  EXPECT_EQ(answered(R"({"issuer": "https://id.example.com/realms/lab",
                         "token_endpoint": "http://id.example.com/t"})"),
            "OpenID Connect discovery: the token_endpoint is no https URL, unlike the issuer");
}

TEST(Failures, KeysOfStsThatAreIncompleteOrOver) {
  const Chain chain = chains()[0];
  const auto with = [&chain](const std::string& from, const std::string& to) {
    std::string body = test::kKeys;
    body.replace(body.find(from), from.size(), to);
    return error_of(chain, 3, [&body](FakeHttp& http) { http.answer(200, body); });
  };
  const std::string step = "AWS STS AssumeRoleWithWebIdentity: ";
  EXPECT_EQ(with("2026-01-01T01:00:00Z", "2025-12-31T23:59:59Z"),
            step + "the token has expired already");
  EXPECT_EQ(with("2026-01-01T01:00:00Z", "tomorrow"), step + "the answer of STS has no expiry");
  EXPECT_EQ(with("ASIAEXAMPLE", ""), step + "the answer of STS has no access key id");
}

TEST(Failures, LivesOfTokens) {
  const auto life = [](const std::string& expires) -> std::string {
    FakeHttp http;
    http.answer(200, R"({"access_token": "t", "expires_in": )" + expires + "}");
    const auto token = exchange(test::azure_secret(), http, test::start());
    if (!token) return token.error().detail;
    return std::to_string(
        std::chrono::duration_cast<seconds>(token->expires - test::start()).count());
  };
  const std::string over = "Microsoft Entra ID: the token has expired already";
  const std::string none = "Microsoft Entra ID: expires_in is no number of seconds";
  EXPECT_EQ(life("60"), "60");
  EXPECT_EQ(life("\"60\""), "60");
  EXPECT_EQ(life("59.9"), "59");
  EXPECT_EQ(life("null"), "3600");
  EXPECT_EQ(life("0"), over);
  EXPECT_EQ(life("-1"), over);
  EXPECT_EQ(life("-1e300"), over);
  EXPECT_EQ(life("\"-1\""), none);
  EXPECT_EQ(life("\"soon\""), none);
  EXPECT_EQ(life("\"\""), none);
  EXPECT_EQ(life("true"), none);
  EXPECT_EQ(life("{}"), none);
  for (const char* huge : {"999999999", "18446744073709551615", "1e300", "\"999999999\""}) {
    EXPECT_EQ(life(huge), "86400") << huge;
  }
}

TEST(Failures, AnImpersonatedTokenThatIsOver) {
  const Chain chain = chains()[4];
  EXPECT_EQ(error_of(chain, 4,
                     [](FakeHttp& http) {
                       http.answer(200,
                                   R"({"accessToken": "t", "expireTime": "2025-01-01T00:00:00Z"})");
                     }),
            "Google generateAccessToken: the token has expired already");
}

TEST(Describe, IsOneShortLineOfValidText) {
  const auto text = [](const std::string& description) {
    return describe({400, "<Error><Code>X</Code><Message>" + description + "</Message></Error>"},
                    {});
  };
  EXPECT_EQ(text("a\r\nb\x01\x7F"), "status 400 (X: a  b  )");
  EXPECT_EQ(text("\xFF\xC3"), "status 400 (X: \xEF\xBF\xBD\xEF\xBF\xBD)");
  // Cut at 300 bytes, and never within a character.
  EXPECT_EQ(text(std::string(400, 'a')), "status 400 (X: " + std::string(297, 'a') + ")");
  std::string umlauts;
  for (int i = 0; i < 200; ++i) umlauts += "\xC3\xA4";
  EXPECT_EQ(text(umlauts), "status 400 (X: " + umlauts.substr(0, 296) + ")");
}

TEST(Form, EscapesAllThatIsNotUnreserved) {
  EXPECT_EQ(form({}), "");
  EXPECT_EQ(form({{"a", "x y"}, {"b+", "\xC3\xA4/-._~&="}}), "a=x%20y&b%2B=%C3%A4%2F-._~%26%3D");
}

}  // namespace
}  // namespace tollgate::controller::tokens
