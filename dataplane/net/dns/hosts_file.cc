#include "dataplane/net/dns/hosts_file.h"

#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "dataplane/base/text.h"

namespace tollgate::dataplane::net::dns {

const std::vector<Address>& HostsFile::find(std::string_view name, base::MonotonicTime now) {
  refresh(now);
  if (!name.empty() && name.back() == '.') name.remove_suffix(1);
  const auto found = names_.find(name);
  if (found != names_.end()) return found->second;
  if (name != "localhost" && !name.ends_with(".localhost")) return nothing_;
  if (loopback_.empty()) {
    for (const char* text : {"127.0.0.1", "::1"}) {
      if (const auto address = parse_ip(text, 0)) loopback_.push_back(*address);
    }
  }
  return loopback_;
}

void HostsFile::refresh(base::MonotonicTime now) {
  if (now < next_look_) return;
  next_look_ = now + kLookInterval;
  struct stat info{};
  if (stat(path_.c_str(), &info) != 0) {
    names_.clear();
    modified_ns_ = -1;
    return;
  }
  const long long modified = info.st_mtim.tv_sec * 1'000'000'000LL + info.st_mtim.tv_nsec;
  if (modified == modified_ns_) return;
  modified_ns_ = modified;
  names_.clear();
  std::ifstream file(path_, std::ios::binary);
  std::string text(kMaxFileBytes, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  parse(text);
}

void HostsFile::parse(std::string_view text) {
  for (std::string_view line : base::split(text, '\n')) {
    line = base::trim(line.substr(0, line.find('#')));
    const auto end = line.find_first_of(" \t");
    if (end == std::string_view::npos) continue;
    const auto address = parse_ip(line.substr(0, end), 0);
    if (!address) continue;
    line.remove_prefix(end);
    while (true) {
      const auto begin = line.find_first_not_of(" \t\r");
      if (begin == std::string_view::npos) break;
      line.remove_prefix(begin);
      const std::string_view name = line.substr(0, line.find_first_of(" \t\r"));
      names_[base::to_lower(name)].push_back(*address);
      line.remove_prefix(name.size());
    }
  }
}

}  // namespace tollgate::dataplane::net::dns
