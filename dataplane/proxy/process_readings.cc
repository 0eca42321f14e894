#include "dataplane/proxy/process_readings.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

namespace tollgate::dataplane::proxy {

namespace {

double seconds(const timeval& time) {
  constexpr double kMicros = 1e-6;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * kMicros;
}

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double total_pages = 0;
  double resident_pages = 0;
  file >> total_pages >> resident_pages;
  return resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double open_files() {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  double count = -3;  // ".", ".." and the folder itself
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

}  // namespace

void add_process_readings(telemetry::Exposition& exposition) {
  using telemetry::MetricType;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  exposition.add({"process_cpu_seconds_total",
                  "CPU time of the process.",
                  MetricType::kCounter,
                  {},
                  seconds(usage.ru_utime) + seconds(usage.ru_stime)});
  exposition.add({"process_resident_memory_bytes",
                  "Resident memory of the process.",
                  MetricType::kGauge,
                  {},
                  resident_bytes()});
  exposition.add(
      {"process_open_fds", "Open file descriptors.", MetricType::kGauge, {}, open_files()});
}

}  // namespace tollgate::dataplane::proxy
