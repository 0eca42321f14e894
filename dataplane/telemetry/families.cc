#include "dataplane/telemetry/families.h"

#include <array>

namespace tollgate::dataplane::telemetry {

namespace {

using std::string_view;

constexpr string_view kOperation = "gen_ai_operation_name";
constexpr string_view kProvider = "gen_ai_provider_name";
constexpr string_view kOriginalModel = "gen_ai_original_model";
constexpr string_view kRequestModel = "gen_ai_request_model";
constexpr string_view kResponseModel = "gen_ai_response_model";

constexpr std::array kAiLabels{kOperation, kProvider, kOriginalModel, kRequestModel,
                               kResponseModel};
constexpr std::array kTokenLabels{kOperation,    kProvider,      kOriginalModel,
                                  kRequestModel, kResponseModel, string_view("gen_ai_token_type")};
constexpr std::array kAiErrorLabels{kOperation,    kProvider,      kOriginalModel,
                                    kRequestModel, kResponseModel, string_view("error_type")};
constexpr std::array kRequestLabels{string_view("listener"), string_view("route"),
                                    string_view("backend"), string_view("status"),
                                    string_view("error")};
constexpr std::array kRouteLabels{string_view("listener"), string_view("route")};
constexpr std::array kBackendLabels{string_view("backend")};
constexpr std::array kListenerLabels{string_view("listener")};

constexpr std::array kLimitLabels{string_view("policy"), string_view("limit"),
                                  string_view("result")};
constexpr std::array kChargeLabels{string_view("policy"), string_view("limit")};
constexpr std::array kCostLabels{string_view("route"), string_view("key")};
constexpr std::array kRouteOnlyLabels{string_view("route")};
constexpr std::array kOperationLabels{string_view("operation")};
constexpr std::array kStoreErrorLabels{string_view("operation"), string_view("error")};

constexpr std::array kTokenBounds{1.0,       4.0,       16.0,       64.0,      256.0,
                                  1024.0,    4096.0,    16384.0,    65536.0,   262144.0,
                                  1048576.0, 4194304.0, 16777216.0, 67108864.0};
constexpr std::array kDurationBounds{0.01, 0.02, 0.04, 0.08,  0.16,  0.32,  0.64,
                                     1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92};
constexpr std::array kFirstTokenBounds{0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08,
                                       0.1,   0.25,  0.5,  0.75, 1.0,  2.5,  5.0,
                                       7.5,   10.0,  15.0, 20.0, 30.0, 45.0, 60.0};
constexpr std::array kStoreBounds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                  0.01,   0.02,    0.05,   0.1,   1.0};
constexpr std::array kPerTokenBounds{0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2,
                                     0.3,  0.4,   0.5,  0.75,  1.0, 2.5};

constexpr std::array<FamilyInfo, kFamilies> kInfo{{
    {"gen_ai_client_token_usage_token", "Tokens per request, by type.", MetricType::kHistogram,
     kTokenLabels, kTokenBounds},
    {"gen_ai_server_request_duration_seconds", "Time from the request's head to the answer's end.",
     MetricType::kHistogram, kAiErrorLabels, kDurationBounds},
    {"gen_ai_server_time_to_first_token_seconds",
     "Streams: time from the request's head to the first content.", MetricType::kHistogram,
     kAiLabels, kFirstTokenBounds},
    {"gen_ai_server_time_per_output_token_seconds",
     "Streams: time per output token after the first.", MetricType::kHistogram, kAiLabels,
     kPerTokenBounds},
    {"tollgate_requests_total", "Requests that ended.", MetricType::kCounter, kRequestLabels, {}},
    {"tollgate_request_duration_seconds", "Time from the request's head to the answer's end.",
     MetricType::kHistogram, kRouteLabels, kDurationBounds},
    {"tollgate_upstream_head_seconds", "Time from the request's head to the backend's head.",
     MetricType::kHistogram, kBackendLabels, kFirstTokenBounds},
    {"tollgate_request_body_bytes_total",
     "Body bytes received from clients.",
     MetricType::kCounter,
     kListenerLabels,
     {}},
    {"tollgate_response_body_bytes_total",
     "Body bytes sent to clients.",
     MetricType::kCounter,
     kListenerLabels,
     {}},
    {"tollgate_limit_decisions_total",
     "Limits that requests met, by what they said: allowed, refused, shadow (would have refused), "
     "failed_open, failed_closed.",
     MetricType::kCounter,
     kLimitLabels,
     {}},
    {"tollgate_limit_charges_total",
     "What was charged to counters of limits.",
     MetricType::kCounter,
     kChargeLabels,
     {}},
    {"tollgate_request_costs_total",
     "What requests cost, by key of llmRequestCosts.",
     MetricType::kCounter,
     kCostLabels,
     {}},
    {"tollgate_request_cost_failures_total",
     "Cost expressions that could not be computed.",
     MetricType::kCounter,
     kRouteOnlyLabels,
     {}},
    {"tollgate_limit_store_seconds", "Time that the store of counters took to answer.",
     MetricType::kHistogram, kOperationLabels, kStoreBounds},
    {"tollgate_limit_store_errors_total",
     "Calls to the store of counters that failed.",
     MetricType::kCounter,
     kStoreErrorLabels,
     {}},
    {"tollgate_connections_stalled_total",
     "Client connections reset because nothing was taken while an answer waited.",
     MetricType::kCounter,
     {},
     {}},
}};

}  // namespace

const FamilyInfo& family_info(Family family) {
  return kInfo[static_cast<std::size_t>(family)];
}

}  // namespace tollgate::dataplane::telemetry
