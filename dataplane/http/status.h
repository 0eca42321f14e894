#pragma once

#include <string_view>

namespace tollgate::dataplane::http {

/// The standard phrase of a status ("Not Found"); "Unknown" for one that is not registered.
std::string_view reason_phrase(int status);

constexpr bool is_informational(int status) {
  return status >= 100 && status < 200;
}
constexpr bool is_success(int status) {
  return status >= 200 && status < 300;
}
constexpr bool is_redirect(int status) {
  return status >= 300 && status < 400;
}
constexpr bool is_client_error(int status) {
  return status >= 400 && status < 500;
}
constexpr bool is_server_error(int status) {
  return status >= 500 && status < 600;
}

}  // namespace tollgate::dataplane::http
