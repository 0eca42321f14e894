// What the admin port answers.

#include <utility>

#include "dataplane/proxy/gather.h"
#include "dataplane/proxy/process_readings.h"
#include "dataplane/proxy/service.h"

namespace tollgate::dataplane::proxy {

namespace {

using telemetry::MetricType;

telemetry::Reading gauge(std::string_view name, std::string_view help, double value) {
  return {name, help, MetricType::kGauge, {}, value};
}
telemetry::Reading counter(std::string_view name, std::string_view help, double value) {
  return {name, help, MetricType::kCounter, {}, value};
}

}  // namespace

void Service::handle_admin(const admin::Request& request, admin::Reply reply) {
  if (request.path == "/metrics") return scrape(std::move(reply));
  if (request.path == "/healthz") return reply({200, "text/plain; charset=utf-8", "ok\n"});
  if (request.path == "/ready") {
    if (ready()) return reply({200, "text/plain; charset=utf-8", "ready\n"});
    return reply({503, "text/plain; charset=utf-8", draining_ ? "draining\n" : "no snapshot\n"});
  }
  if (request.path == "/snapshot") {
    return reply({200, "application/x-ndjson",
                  snapshot::encode_lines(compiler_.resources(), snapshot::Secrets::kRedact)});
  }
  reply({404, "text/plain; charset=utf-8", "/metrics /healthz /ready /snapshot\n"});
}

void Service::collect(std::function<void(telemetry::Exposition)> done) {
  gather<WorkerReadings>(
      loop_->mailbox(), workers_, [](Worker& worker) { return worker.readings(); },
      [this, done = std::move(done)](const std::vector<WorkerReadings>& workers) {
        telemetry::Exposition exposition;
        for (const WorkerReadings& worker : workers) exposition.add(worker.shard);
        add_readings(exposition, workers);
        done(std::move(exposition));
      });
}

void Service::scrape(admin::Reply reply) {
  collect([reply = std::move(reply)](telemetry::Exposition exposition) {
    add_process_readings(exposition);
    reply({200, std::string(telemetry::Exposition::kContentType), exposition.text()});
  });
}

void Service::add_limit_readings(telemetry::Exposition& out,
                                 const std::vector<WorkerReadings>& workers) {
  std::size_t stores = 0;
  std::size_t healthy_stores = 0;
  std::size_t charges_waiting = 0;
  for (const WorkerReadings& worker : workers) {
    stores += worker.has_store ? 1 : 0;
    healthy_stores += worker.store_healthy ? 1 : 0;
    charges_waiting += worker.charges_waiting;
  }
  const auto number = [](auto value) { return static_cast<double>(value); };
  limits::Table& table = limits_->table();
  out.add(gauge("tollgate_limit_counters", "Counters of limits in this process.",
                number(table.used())));
  out.add(gauge("tollgate_limit_counter_slots", "Places for counters of limits.",
                number(table.slots())));
  out.add(counter("tollgate_limit_counters_refused_total",
                  "Counters that were not made for want of a place.", number(table.refused())));
  out.add(gauge("tollgate_limit_store_links", "Workers that count in a store.", number(stores)));
  out.add(gauge("tollgate_limit_store_links_up", "Workers whose store answers in time.",
                number(healthy_stores)));
  out.add(gauge("tollgate_limit_store_charges_waiting",
                "Charges that the store has not acknowledged.", number(charges_waiting)));
}

void Service::add_readings(telemetry::Exposition& out, const std::vector<WorkerReadings>& workers) {
  WorkerReadings sum;
  for (const WorkerReadings& worker : workers) {
    sum.sessions += worker.sessions;
    sum.accepted += worker.accepted;
    sum.buffers.used_bytes += worker.buffers.used_bytes;
    sum.buffers.kept_bytes += worker.buffers.kept_bytes;
    sum.pools.connects += worker.pools.connects;
    sum.pools.connect_failures += worker.pools.connect_failures;
    sum.pools.reuses += worker.pools.reuses;
    sum.pools.idle_closed += worker.pools.idle_closed;
    sum.pools.expired += worker.pools.expired;
    sum.pools.overflows += worker.pools.overflows;
    sum.pools.open += worker.pools.open;
    sum.pools.idle += worker.pools.idle;
    sum.pools.connecting += worker.pools.connecting;
    sum.pools.waiting += worker.pools.waiting;
  }
  const auto number = [](auto value) { return static_cast<double>(value); };
  out.add(gauge("tollgate_connections", "Client connections.", number(sum.sessions)));
  out.add(counter("tollgate_connections_accepted_total", "Client connections taken.",
                  number(sum.accepted)));
  out.add(counter("tollgate_upstream_connects_total", "Connections to backends begun.",
                  number(sum.pools.connects)));
  out.add(counter("tollgate_upstream_connect_failures_total",
                  "Connections to backends that failed.", number(sum.pools.connect_failures)));
  out.add(counter("tollgate_upstream_reuses_total", "Requests on a pooled connection.",
                  number(sum.pools.reuses)));
  out.add(counter("tollgate_upstream_idle_closed_total",
                  "Pooled connections that their backend closed.", number(sum.pools.idle_closed)));
  out.add(counter("tollgate_upstream_expired_total",
                  "Pooled connections closed for age, idleness or use.",
                  number(sum.pools.expired)));
  out.add(counter("tollgate_upstream_overflows_total",
                  "Requests refused because too many wait for a connection.",
                  number(sum.pools.overflows)));
  out.add(gauge("tollgate_upstream_connections", "Open connections to backends.",
                number(sum.pools.open)));
  out.add(gauge("tollgate_upstream_idle_connections", "Pooled connections to backends.",
                number(sum.pools.idle)));
  out.add(gauge("tollgate_upstream_connecting", "Connections to backends being made.",
                number(sum.pools.connecting)));
  out.add(gauge("tollgate_upstream_waiting", "Requests that wait for a connection.",
                number(sum.pools.waiting)));
  out.add(gauge("tollgate_held_body_bytes", "Memory of request bodies that are held.",
                number(held_budget_.used_bytes())));
  out.add(gauge("tollgate_held_body_limit_bytes", "Memory that held request bodies may take.",
                number(held_budget_.limit_bytes())));
  out.add(
      gauge("tollgate_buffer_used_bytes", "Buffer memory in use.", number(sum.buffers.used_bytes)));
  out.add(gauge("tollgate_buffer_kept_bytes", "Buffer memory kept for reuse.",
                number(sum.buffers.kept_bytes)));
  add_limit_readings(out, workers);
  out.add(counter("tollgate_access_log_dropped_total", "Access log lines dropped.",
                  access_log_ ? number(access_log_->dropped()) : 0));
  out.add(gauge("tollgate_snapshot_resources", "Resources of the snapshot that is served.",
                number(compiler_.resources().all().size())));
  out.add({"tollgate_snapshot_updates_total",
           "Snapshot updates, by result.",
           MetricType::kCounter,
           {{"result", "accepted"}},
           number(accepted_pushes_)});
  out.add({"tollgate_snapshot_updates_total",
           "Snapshot updates, by result.",
           MetricType::kCounter,
           {{"result", "refused"}},
           number(refused_pushes_)});
}

}  // namespace tollgate::dataplane::proxy
