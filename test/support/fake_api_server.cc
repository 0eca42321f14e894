#include "test/support/fake_api_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace tollgate::test {

namespace {

constexpr std::chrono::seconds kPatience{20};

std::string decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out.push_back(static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16)));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

void parse_target(std::string_view target, FakeApiServer::Request& request) {
  const std::size_t mark = target.find('?');
  request.path = decode(target.substr(0, mark));
  if (mark == std::string_view::npos) return;
  std::string_view rest = target.substr(mark + 1);
  while (!rest.empty()) {
    const std::size_t end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    const std::size_t equals = pair.find('=');
    request.query[decode(pair.substr(0, equals))] = decode(pair.substr(equals + 1));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
}

}  // namespace

std::string status_json(int code, const std::string& reason, const std::string& message) {
  return nlohmann::json{{"kind", "Status"},
                        {"apiVersion", "v1"},
                        {"status", "Failure"},
                        {"message", message},
                        {"reason", reason},
                        {"code", code},
                        {"metadata", nlohmann::json::object()}}
      .dump();
}

std::string watch_line(const std::string& type, const std::string& object) {
  return "{\"type\":\"" + type + "\",\"object\":" + object + "}\n";
}

void FakeApiServer::Reply::send(std::string_view bytes) {
  while (!bytes.empty() && !closed_) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      closed_ = true;
      return;
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void FakeApiServer::Reply::text(int code, const std::string& body,
                                const std::vector<std::pair<std::string, std::string>>& headers) {
  answered_ = true;
  std::string head = "HTTP/1.1 " + std::to_string(code) + " X\r\n";
  for (const auto& [name, value] : headers) head += name + ": " + value + "\r\n";
  head += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  send(head + body);
}

void FakeApiServer::Reply::json(int code, const std::string& body,
                                const std::vector<std::pair<std::string, std::string>>& headers) {
  auto all = headers;
  all.emplace_back("Content-Type", "application/json");
  text(code, body, all);
}

void FakeApiServer::Reply::status(int code, const std::string& reason, const std::string& message,
                                  const std::vector<std::pair<std::string, std::string>>& headers) {
  json(code, status_json(code, reason, message), headers);
}

void FakeApiServer::Reply::begin_stream() {
  answered_ = true;
  send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
}

void FakeApiServer::Reply::chunk(std::string_view bytes) {
  if (bytes.empty()) return;
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  send(std::string(size) + std::string(bytes) + "\r\n");
}

void FakeApiServer::Reply::end_stream() {
  send("0\r\n\r\n");
}

void FakeApiServer::Reply::cut() {
  answered_ = true;
  closed_ = true;
  ::shutdown(fd_, SHUT_RDWR);
}

bool FakeApiServer::Reply::hold(const std::string& gate) {
  std::unique_lock lock(server_.mutex_);
  server_.changed_.wait(lock, [&] { return server_.stopping_ || server_.gates_[gate] > 0; });
  if (server_.gates_[gate] == 0) return false;
  --server_.gates_[gate];
  return true;
}

FakeApiServer::FakeApiServer() {
  listen();
}

FakeApiServer::~FakeApiServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  die();
  for (std::thread& thread : threads_) thread.join();
}

std::string FakeApiServer::url() const {
  return "http://127.0.0.1:" + std::to_string(port_);
}

void FakeApiServer::listen() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port_));
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_, 64) != 0) {
    std::abort();
  }
  socklen_t size = sizeof address;
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this, fd = listener_] { accept_loop(fd); });
}

void FakeApiServer::accept_loop(int listener) {
  while (true) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const std::lock_guard lock(mutex_);
    connections_.push_back(fd);
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

void FakeApiServer::die() {
  if (listener_ >= 0) {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    listener_ = -1;
  }
  const std::lock_guard lock(mutex_);
  for (const int fd : connections_) ::shutdown(fd, SHUT_RDWR);
}

void FakeApiServer::revive() {
  listen();
}

void FakeApiServer::on(const std::string& path, Handler handler) {
  const std::lock_guard lock(mutex_);
  handlers_[path] = std::move(handler);
}

void FakeApiServer::open(const std::string& gate) {
  {
    const std::lock_guard lock(mutex_);
    ++gates_[gate];
  }
  changed_.notify_all();
}

bool FakeApiServer::wait_for_requests(const std::string& path, std::size_t count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] {
    const auto asked = std::count_if(log_.begin(), log_.end(),
                                     [&](const Request& request) { return request.path == path; });
    return static_cast<std::size_t>(asked) >= count;
  });
}

std::vector<FakeApiServer::Request> FakeApiServer::requests(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  std::vector<Request> out;
  for (const Request& request : log_) {
    if (path.empty() || request.path == path) out.push_back(request);
  }
  return out;
}

bool FakeApiServer::read_request(int fd, std::string& buffer, Request& request) {
  std::size_t head_end = 0;
  char bytes[4096];
  while ((head_end = buffer.find("\r\n\r\n")) == std::string::npos) {
    const ssize_t got = ::recv(fd, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    buffer.append(bytes, static_cast<std::size_t>(got));
  }
  const std::string head = buffer.substr(0, head_end + 2);
  buffer.erase(0, head_end + 4);
  std::size_t line_end = head.find("\r\n");
  const std::string first = head.substr(0, line_end);
  const std::size_t space = first.find(' ');
  request.method = first.substr(0, space);
  parse_target(first.substr(space + 1, first.rfind(' ') - space - 1), request);
  while (line_end + 2 < head.size()) {
    const std::size_t start = line_end + 2;
    line_end = head.find("\r\n", start);
    const std::string line = head.substr(start, line_end - start);
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    request.headers[lower(line.substr(0, colon))] = line.substr(colon + 2);
  }
  std::size_t length = 0;
  if (request.headers.contains("content-length")) {
    length = std::stoul(request.headers["content-length"]);
  }
  while (buffer.size() < length) {
    const ssize_t got = ::recv(fd, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    buffer.append(bytes, static_cast<std::size_t>(got));
  }
  request.body = buffer.substr(0, length);
  buffer.erase(0, length);
  return true;
}

void FakeApiServer::serve(int fd) {
  std::string buffer;
  while (true) {
    Request request;
    if (!read_request(fd, buffer, request)) break;
    Reply reply(*this, fd);
    answer(request, reply);
    if (reply.closed_) break;
  }
  const std::lock_guard lock(mutex_);
  connections_.erase(std::find(connections_.begin(), connections_.end(), fd));
  ::close(fd);
}

void FakeApiServer::answer(Request& request, Reply& reply) {
  Handler handler;
  {
    const std::lock_guard lock(mutex_);
    for (const Request& earlier : log_) {
      if (earlier.path == request.path && earlier.method == request.method) ++request.count;
    }
    log_.push_back(request);
    auto found = handlers_.find(request.path);
    if (found == handlers_.end()) found = handlers_.find("");
    if (found != handlers_.end()) handler = found->second;
  }
  changed_.notify_all();
  if (handler) handler(request, reply);
  if (!reply.answered_) reply.status(404, "NotFound", "the server could not find the resource");
}

}  // namespace tollgate::test
