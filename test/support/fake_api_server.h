#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace tollgate::test {

/// A scripted API server for tests: plain HTTP/1.1 on a loopback port, one thread per connection.
/// A script is a handler per path; it is told how often the path was asked before.
class FakeApiServer {
 public:
  struct Request {
    std::string method;
    std::string path;                            // without the query
    std::map<std::string, std::string> query;    // decoded
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
    int count = 0;  // earlier requests for the same method and path
  };

  /// The answer in the making; belongs to the connection's thread.
  class Reply {
   public:
    /// A whole answer.
    void json(int code, const std::string& body,
              const std::vector<std::pair<std::string, std::string>>& headers = {});
    void text(int code, const std::string& body,
              const std::vector<std::pair<std::string, std::string>>& headers = {});
    /// A Status object.
    void status(int code, const std::string& reason, const std::string& message,
                const std::vector<std::pair<std::string, std::string>>& headers = {});
    /// A chunked answer: begin, any number of chunks, then end, cut or hold.
    void begin_stream();
    void chunk(std::string_view bytes);
    void end_stream();
    /// Closes the connection at once.
    void cut();
    /// Blocks until the gate is opened (FakeApiServer::open) or the server stops. Says whether it
    /// was opened.
    bool hold(const std::string& gate);

   private:
    friend class FakeApiServer;
    Reply(FakeApiServer& server, int fd) : server_(server), fd_(fd) {}
    void send(std::string_view bytes);

    FakeApiServer& server_;
    int fd_;
    bool closed_ = false;
    bool answered_ = false;
  };

  using Handler = std::function<void(const Request&, Reply&)>;

  FakeApiServer();
  ~FakeApiServer();
  FakeApiServer(const FakeApiServer&) = delete;
  FakeApiServer& operator=(const FakeApiServer&) = delete;

  [[nodiscard]] std::string url() const;
  /// Handlers are chosen by exact path; "" is for all others (404 if there is none).
  void on(const std::string& path, Handler handler);
  void open(const std::string& gate);
  /// Waits until the path was asked `count` times (any method); false after 20 s.
  bool wait_for_requests(const std::string& path, std::size_t count);
  [[nodiscard]] std::vector<Request> requests(const std::string& path = {}) const;
  /// Refuses connections and cuts those that exist; `revive` listens on the same port again.
  void die();
  void revive();

 private:
  void listen();
  void accept_loop(int listener);
  void serve(int fd);
  bool read_request(int fd, std::string& buffer, Request& request);
  void answer(Request& request, Reply& reply);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Handler> handlers_;
  std::vector<Request> log_;
  std::map<std::string, int> gates_;  // how often each was opened and not used
  std::vector<int> connections_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
  int listener_ = -1;
  int port_ = 0;
  bool stopping_ = false;
};

/// "{"type":TYPE,"object":OBJECT}\n"
std::string watch_line(const std::string& type, const std::string& object);
std::string status_json(int code, const std::string& reason, const std::string& message);

}  // namespace tollgate::test
