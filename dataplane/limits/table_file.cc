#include "dataplane/limits/table_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>

namespace tollgate::dataplane::limits {

namespace {

constexpr std::string_view kMagic = "tollgate counters 1\n";
constexpr std::size_t kRecordBytes = 48;
constexpr std::size_t kChecksumBytes = 16;

void put(std::string& out, std::uint64_t value) {
  for (unsigned shift = 0; shift < 64; shift += 8) out += static_cast<char>(value >> shift);
}

std::uint64_t get(std::string_view& in) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 8; ++i) {
    value |= std::uint64_t{static_cast<unsigned char>(in[i])} << (8 * i);
  }
  in.remove_prefix(8);
  return value;
}

base::Error broken(const char* why) {
  return base::config_error(base::Code::kProtocol, std::string("saved counters: ") + why);
}

base::Error file_error(std::string_view what, const std::string& path) {
  return base::config_error(base::Code::kUnavailable,
                            std::string(what) + " " + path + ": " + base::errno_text(errno));
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

std::string encode_counts(const std::vector<SavedCount>& counts) {
  std::string out(kMagic);
  out.reserve(kMagic.size() + 8 + counts.size() * kRecordBytes + kChecksumBytes);
  put(out, counts.size());
  for (const SavedCount& saved : counts) {
    put(out, saved.key.high);
    put(out, saved.key.low);
    put(out, saved.share);
    put(out, saved.window.end_s);
    put(out, saved.window.length_s);
    put(out, saved.count);
  }
  const base::Hash128 checksum = base::hash128(out);
  put(out, checksum.high);
  put(out, checksum.low);
  return out;
}

base::Result<std::vector<SavedCount>> decode_counts(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) return broken("not a file of this version");
  if (bytes.size() < kMagic.size() + 8 + kChecksumBytes) return broken("cut off");
  std::string_view tail = bytes.substr(bytes.size() - kChecksumBytes);
  const std::string_view body = bytes.substr(0, bytes.size() - kChecksumBytes);
  base::Hash128 checksum;
  checksum.high = get(tail);
  checksum.low = get(tail);
  if (checksum != base::hash128(body)) return broken("the checksum does not fit");
  std::string_view rest = body.substr(kMagic.size());
  const std::uint64_t count = get(rest);
  if (rest.size() % kRecordBytes != 0 || rest.size() / kRecordBytes != count) {
    return broken("the number of counters does not fit");
  }
  std::vector<SavedCount> counts;
  counts.reserve(count);
  while (!rest.empty()) {
    SavedCount saved;
    saved.key.high = get(rest);
    saved.key.low = get(rest);
    saved.share = get(rest);
    saved.window.end_s = get(rest);
    const std::uint64_t length = get(rest);
    saved.count = get(rest);
    if (length == 0 || length > length_s(snapshot::LimitUnit::kYear)) {
      return broken("a window of an impossible length");
    }
    saved.window.length_s = static_cast<std::uint32_t>(length);
    counts.push_back(saved);
  }
  return counts;
}

base::Status TableFile::save(Table& table, std::uint64_t now_s) const {
  std::vector<SavedCount> counts;
  table.each(kShortestSavedWindowS, now_s,
             [&counts](const SavedCount& saved) { counts.push_back(saved); });
  const std::string bytes = encode_counts(counts);
  const std::string temporary = path_ + ".new";
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return file_error("opening", temporary);
  // Not flushed to the disk: the checksum tells a file that a crash of the machine left unwritten.
  const bool written = write_all(fd, bytes);
  ::close(fd);
  if (!written) return file_error("writing", temporary);
  if (std::rename(temporary.c_str(), path_.c_str()) != 0) {
    return file_error("renaming to", path_);
  }
  return {};
}

base::Result<std::size_t> TableFile::load(Table& table, std::uint64_t now_s) const {
  std::ifstream file(path_, std::ios::binary);
  if (!file) return base::config_error(base::Code::kNotFound, "no counters saved in " + path_);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  TRY_ASSIGN(const std::vector<SavedCount> counts, decode_counts(bytes));
  std::size_t loaded = 0;
  for (const SavedCount& saved : counts) {
    const Window now = window_at(now_s, saved.window.length_s);
    // Others have ended, or were made while the clock was wrong.
    if (saved.window != now || saved.count == 0) continue;
    const ShareId share = saved.share == 0 ? ShareId{0} : table.share_of(saved.share);
    if (table.add(saved.key, saved.window, saved.count, share, now_s)) ++loaded;
  }
  return loaded;
}

}  // namespace tollgate::dataplane::limits
