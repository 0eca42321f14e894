// What is charged is what the provider reported: many mixed requests against an upstream that
// writes down what it said. TOLLGATE_LEDGER_REQUESTS sets how many.

#include <algorithm>
#include <array>
#include <cstdlib>
#include <mutex>
#include <random>
#include <thread>

#include "dataplane/base/text.h"
#include "test/dataplane/proxy/running.h"

namespace tollgate::dataplane::proxy {
namespace {

constexpr std::uint64_t kLimit = 4'000'000'000;
constexpr std::size_t kUsers = 16;

struct Tokens {
  std::uint64_t input = 0;
  std::uint64_t output = 0;
};

/// How an answer tells its usage.
enum class Case : std::uint8_t {
  kWhole,
  kStream,        // in a chunk of its own at the end
  kStreamMid,     // on a chunk with content
  kStreamTwice,   // cumulative: first a part, then all
  kAnthropic,     // whole
  kClaudeStream,  // input at the beginning, output at the end
  kEmbeddings,    // no output at all
  kFailed,        // 500: nothing was used
  kExactCount,    // --- the above are exact, what follows is estimated
  kMissing = kExactCount,
  kHostile,  // negative, text, 2^63
  kAborted,  // the client leaves within the stream
  kCount,
};

string number(std::uint64_t value) {
  return std::to_string(value);
}

string whole_answer(const string& body, int status = 200) {
  return "HTTP/1.1 " + number(static_cast<std::uint64_t>(status)) +
         " X\r\ncontent-type: application/json\r\ncontent-length: " + number(body.size()) +
         "\r\n\r\n" + body;
}

string chunk(const string& text) {
  std::array<char, 20> size{};
  std::snprintf(size.data(), size.size(), "%zx\r\n", text.size());
  return size.data() + text + "\r\n";
}

string stream_answer(const std::vector<string>& events) {
  string text =
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
      "transfer-encoding: chunked\r\n\r\n";
  for (const string& event : events) text += chunk(event);
  return text + "0\r\n\r\n";
}

string openai_usage(std::uint64_t in, std::uint64_t out) {
  return R"("usage":{"prompt_tokens":)" + number(in) + R"(,"completion_tokens":)" + number(out) +
         R"(,"total_tokens":)" + number(in + out) + "}";
}

string openai_chunk(const string& content, const string& usage) {
  return R"(data: {"id":"c","object":"chat.completion.chunk","model":"m","choices":[)" +
         (content.empty() ? "" : R"({"index":0,"delta":{"content":")" + content + R"("}})") + "]" +
         (usage.empty() ? "" : "," + usage) + "}\n\n";
}

const string kDone = "data: [DONE]\n\n";

string openai_stream(Case which, Tokens tokens) {
  const string all = openai_usage(tokens.input, tokens.output);
  switch (which) {
    case Case::kStreamMid:
      return stream_answer({openai_chunk("a", ""), openai_chunk("b", all), kDone});
    case Case::kStreamTwice:
      return stream_answer({openai_chunk("a", openai_usage(tokens.input, tokens.output / 2)),
                            openai_chunk("b", ""), openai_chunk("", all), kDone});
    default:
      return stream_answer(
          {openai_chunk("a", ""), openai_chunk("b", ""), openai_chunk("", all), kDone});
  }
}

string claude_usage(const string& name, std::uint64_t value) {
  return R"("usage":{")" + name + R"(":)" + number(value) + "}";
}

string claude_stream(Tokens tokens) {
  const string message = R"(event: message_start
data: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant",)"
                         R"("content":[],"model":"c","usage":{"input_tokens":)" +
                         number(tokens.input) + R"(,"output_tokens":1}}}

)";
  return stream_answer(
      {message,
       "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
       "\"delta\":{\"type\":\"text_delta\",\"text\":\"x\"}}\n\n",
       "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
       "\"end_turn\"}," +
           claude_usage("output_tokens", tokens.output) + "}\n\n",
       "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"});
}

string answer_for(Case which, Tokens tokens) {
  const string head = R"({"id":"x","object":"chat.completion","model":"m","choices":[{"index":0,)"
                      R"("message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],)";
  switch (which) {
    case Case::kWhole:
      return whole_answer(head + openai_usage(tokens.input, tokens.output) + "}");
    case Case::kAnthropic:
      return whole_answer(R"({"id":"m","type":"message","role":"assistant","model":"c","content":)"
                          R"([{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":)"
                          R"({"input_tokens":)" +
                          number(tokens.input) + R"(,"output_tokens":)" + number(tokens.output) +
                          "}}");
    case Case::kClaudeStream:
      return claude_stream(tokens);
    case Case::kEmbeddings:
      return whole_answer(
          R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.25,0.5,0.125]}],)"
          R"("model":"m","usage":{"prompt_tokens":)" +
          number(tokens.input) + R"(,"total_tokens":)" + number(tokens.input) + "}}");
    case Case::kFailed:
      return whole_answer(R"({"error":{"message":"broken","type":"server_error"}})", 500);
    case Case::kMissing:
      return whole_answer(head + R"("usage":null})");
    case Case::kHostile:
      return whole_answer(head + R"("usage":{"prompt_tokens":-5,"completion_tokens":"many",)"
                                 R"("total_tokens":9223372036854775808}})");
    default:
      return openai_stream(which, tokens);
  }
}

/// Serves each connection on a thread; a request's body says "CASE IN OUT" in its first message.
class Upstream {
 public:
  Upstream() : listening_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(bind(listening_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(listen(listening_, 256), 0);
    EXPECT_EQ(getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &length), 0);
    port = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~Upstream() {
    shutdown(listening_, SHUT_RDWR);
    acceptor_.join();
    close(listening_);
    {
      const std::lock_guard lock(mutex_);
      for (const int fd : open_) shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
  }
  /// What was reported, of exact cases.
  Tokens reported() {
    const std::lock_guard lock(mutex_);
    return reported_;
  }
  std::uint16_t port = 0;

 private:
  void accept_all() {
    for (;;) {
      const int fd = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const std::lock_guard lock(mutex_);
      open_.push_back(fd);
      threads_.emplace_back([this, fd] { serve(fd); });
    }
  }
  void serve(int fd) {
    string input;
    while (read_request(fd, input)) {
    }
    const std::lock_guard lock(mutex_);
    open_.erase(std::find(open_.begin(), open_.end(), fd));
    close(fd);
  }
  static bool receive(int fd, string& input) {
    std::array<char, 16'384> buffer;
    const ssize_t n = recv(fd, buffer.data(), buffer.size(), 0);
    if (n > 0) input.append(buffer.data(), static_cast<std::size_t>(n));
    return n > 0;
  }
  bool read_request(int fd, string& input) {
    std::size_t end = 0;
    while ((end = input.find("\r\n\r\n")) == string::npos) {
      if (!receive(fd, input)) return false;
    }
    const string head = base::to_lower(input.substr(0, end));
    const std::size_t length = std::stoul(head.substr(head.find("content-length: ") + 16));
    while (input.size() < end + 4 + length) {
      if (!receive(fd, input)) return false;
    }
    const string body = input.substr(end + 4, length);
    input.erase(0, end + 4 + length);
    unsigned which = 0;
    unsigned long in = 0;
    unsigned long out = 0;
    const std::size_t at = body.find("case ");
    EXPECT_EQ(std::sscanf(body.c_str() + at, "case %u %lu %lu", &which, &in, &out), 3) << body;
    return answer(fd, static_cast<Case>(which), {in, out});
  }
  bool answer(int fd, Case which, Tokens tokens) {
    if (which < Case::kExactCount && which != Case::kFailed) {
      const std::lock_guard lock(mutex_);
      reported_.input += tokens.input;
      reported_.output += tokens.output;
    }
    string text = answer_for(which, tokens);
    if (which == Case::kAborted) {
      text =
          "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
          "transfer-encoding: chunked\r\n\r\n" +
          chunk(openai_chunk("a", ""));
    }
    if (send(fd, text.data(), text.size(), MSG_NOSIGNAL) < 0) return false;
    if (which != Case::kAborted) return true;
    string rest;
    while (receive(fd, rest)) {
    }
    return false;
  }

  int listening_;
  std::mutex mutex_;
  std::vector<int> open_;
  Tokens reported_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

class Ledger : public Running {
 protected:
  void put_pool(const string& name, const string& schema, std::uint16_t port) {
    put("endpoints/" + name, snapshot::Endpoints{{{"127.0.0.1", port}}});
    snapshot::Upstream upstream;
    upstream.endpoints_key = "endpoints/" + name;
    put("upstream/" + name, upstream);
    snapshot::Backend backend;
    backend.name = name;
    backend.schema = schema;
    backend.upstream_key = "upstream/" + name;
    put("backend/" + name, backend);
  }
  void put_model(const string& model, const std::vector<string>& backends) {
    snapshot::Rule rule;
    rule.route_key = "route/HTTPRoute/ns/r";
    snapshot::Match match;
    match.sort_key = model;
    match.headers = {{snapshot::MatchType::kExact, "x-ai-eg-model", model}};
    rule.matches = {match};
    rule.ai = true;
    rule.limits_keys = {"limits/ns/exact", "limits/ns/estimated"};
    rule.costs_key = "costs/all";
    for (std::size_t i = 0; i < backends.size(); ++i) {
      snapshot::BackendRef ref;
      ref.backend_key = "backend/" + backends[i];
      ref.priority = static_cast<std::uint32_t>(i);
      rule.backends.push_back(ref);
    }
    put("rule/HTTPRoute/ns/r/" + model, rule);
  }
  void put_limits(const string& name) {
    snapshot::Limits limits;
    limits.policy = "ns/" + name;
    limits.scope_key = limits.policy;
    for (const string& key : {string("in"), string("out"), string("total")}) {
      snapshot::LimitRule rule;
      rule.id = key;
      rule.requests = kLimit;
      rule.unit = snapshot::LimitUnit::kYear;
      rule.request_cost.number = 0;
      rule.response_cost = snapshot::LimitCost{1, key};
      rule.shared = true;
      snapshot::LimitSelector selector;
      selector.headers = {{snapshot::LimitMatchType::kExact, "x-class", name, false},
                          {snapshot::LimitMatchType::kDistinct, "x-user-id", "", false}};
      rule.selectors = {selector};
      limits.rules.push_back(rule);
    }
    put("limits/ns/" + name, limits);
  }
  void serve(const Upstream& upstream) {
    port_ = free_port();
    put_listener("http", port_);
    snapshot::Costs costs;
    costs.costs = {{"in", snapshot::CostType::kInput, ""},
                   {"out", snapshot::CostType::kOutput, ""},
                   {"total", snapshot::CostType::kTotal, ""}};
    put("costs/all", costs);
    put_limits("exact");
    put_limits("estimated");
    put_pool("openai", "OpenAI", upstream.port);
    put_pool("claude", "Anthropic", upstream.port);
    put_pool("dead", "OpenAI", free_port());
    put_model("gpt", {"openai"});
    put_model("fallback", {"dead", "openai"});
    put_model("claude", {"claude"});
    const ApplyResult result = push();
    ASSERT_TRUE(result.accepted);
  }
  /// The answer's head; what a limit left of the user's budget is in it.
  string ask(std::unique_ptr<Socket4>& client, Case which, Tokens tokens, const string& user,
             bool fallback) {
    const bool claude = which == Case::kAnthropic || which == Case::kClaudeStream;
    const bool stream = which == Case::kStream || which == Case::kStreamMid ||
                        which == Case::kStreamTwice || which == Case::kClaudeStream ||
                        which == Case::kAborted;
    const bool embeddings = which == Case::kEmbeddings;
    const string model = claude ? "claude" : fallback ? "fallback" : "gpt";
    const string body =
        R"({"model":")" + model + "\"," +
        (embeddings ? R"("input":")"
                    : string(R"("max_tokens":9,)") + (stream ? R"("stream":true,)" : "") +
                          R"("messages":[{"role":"user","content":")") +
        "case " + number(static_cast<unsigned>(which)) + " " + number(tokens.input) + " " +
        number(tokens.output) + (embeddings ? R"("})" : R"("}]})");
    if (!client) client = std::make_unique<Socket4>(port_);
    const string path = embeddings ? "/v1/embeddings"
                        : claude   ? "/anthropic/v1/messages"
                                   : "/v1/chat/completions";
    client->send("POST " + path +
                 " HTTP/1.1\r\nHost: gw\r\nContent-Type: application/json\r\nx-class: " +
                 (which < Case::kExactCount ? "exact" : "estimated") + "\r\nx-user-id: " + user +
                 "\r\nContent-Length: " + number(body.size()) + "\r\n\r\n" + body);
    if (which == Case::kAborted) {
      string seen = client->read_until("\"a\"");
      client.reset();
      return seen;
    }
    const string head = client->read_until("\r\n\r\n");
    const bool chunked = head.find("hunked") != string::npos;
    if (chunked) return head + (head.ends_with("0\r\n\r\n") ? "" : client->read_until("0\r\n\r\n"));
    const std::size_t end = head.find("\r\n\r\n") + 4;
    const std::size_t length =
        std::stoul(head.substr(base::to_lower(head).find("content-length: ") + 16));
    string all = head;
    while (all.size() < end + length) all += client->read_until("}");
    return all;
  }
  std::uint64_t metric(const string& text, const string& name) {
    const std::size_t at = text.find(name + " ");
    return at == string::npos ? 0 : std::stoull(text.substr(at + name.size() + 1));
  }
  std::uint64_t charged(const string& metrics, const string& policy, const string& limit) {
    return metric(metrics, "tollgate_limit_charges_total{policy=\"ns/" + policy + "\",limit=\"" +
                               limit + "\"}");
  }

  std::uint16_t port_ = 0;
};

TEST_F(Ledger, ChargesExactlyWhatWasReported) {
  const char* const wanted_requests = std::getenv("TOLLGATE_LEDGER_REQUESTS");
  const std::size_t requests = wanted_requests == nullptr ? 2000 : std::stoul(wanted_requests);
  constexpr std::size_t kThreads = 4;
  Upstream upstream;
  serve(upstream);
  std::array<std::array<std::uint64_t, kUsers>, kThreads> used{};
  std::array<std::size_t, kThreads> estimated{};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(static_cast<unsigned>(t) + 1);
      std::unique_ptr<Socket4> client;
      for (std::size_t i = t; i < requests; i += kThreads) {
        const auto which = static_cast<Case>(random() % static_cast<unsigned>(Case::kCount));
        Tokens tokens{random() % 5000, random() % 2000};
        if (which == Case::kEmbeddings) tokens.output = 0;
        const std::size_t user = random() % kUsers;
        const bool exact = which < Case::kExactCount;
        const string answer = ask(client, which, tokens, "user" + number(user), random() % 10 == 0);
        const bool failed = which == Case::kFailed;
        ASSERT_EQ(answer.substr(0, 13), failed ? "HTTP/1.1 500 " : "HTTP/1.1 200 ") << answer;
        if (exact && !failed) used[t][user] += tokens.input + tokens.output;
        if (!exact) ++estimated[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  // The figures of all workers, once the last exchange has been noted.
  const Tokens truth = upstream.reported();
  string metrics = admin("/metrics");
  EXPECT_EQ(charged(metrics, "exact", "in"), truth.input);
  EXPECT_EQ(charged(metrics, "exact", "out"), truth.output);
  EXPECT_EQ(charged(metrics, "exact", "total"), truth.input + truth.output);
  // Each user's own counter, by what it leaves of the budget.
  std::unique_ptr<Socket4> client;
  for (std::size_t user = 0; user < kUsers; ++user) {
    std::uint64_t total = 0;
    for (const auto& part : used) total += part[user];
    const string answer = ask(client, Case::kFailed, {}, "user" + number(user), false);
    EXPECT_NE(answer.find("x-ratelimit-remaining: " + number(kLimit - total) + "\r\n"),
              string::npos)
        << "user" << user << " used " << total << ": " << answer;
  }
  std::size_t others = 0;
  for (const std::size_t part : estimated) others += part;
  // An abort is noted when the connection's end has been seen; nobody gets away without a charge.
  // Every such request has a body of 80 bytes at least, so 20 tokens.
  std::uint64_t in = 0;
  for (int look = 0; look < 200 && in < others * 20; ++look) {
    in = charged(admin("/metrics"), "estimated", "in");
  }
  EXPECT_GE(in, others * 20);
  EXPECT_LT(in, others * 60);
}

}  // namespace
}  // namespace tollgate::dataplane::proxy
