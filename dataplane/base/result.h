#pragma once

#include <tl/expected.hpp>
#include <utility>

#include "dataplane/base/error.h"

namespace tollgate::dataplane::base {

/// A value or an Error. Marked nodiscard, which tl::expected itself is not, so that a dropped
/// failure is a compiler warning.
template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using Base = tl::expected<T, Error>;
  using Base::Base;
  Result(Error error) : Base(tl::unexpect, std::move(error)) {}
  Result(Base base) : Base(std::move(base)) {}
};

using Status = Result<void>;

}  // namespace tollgate::dataplane::base

#define TOLLGATE_CONCAT_INNER(a, b) a##b
#define TOLLGATE_CONCAT(a, b) TOLLGATE_CONCAT_INNER(a, b)

/// TRY_ASSIGN(auto value, expression): returns the expression's error, or binds its value.
#define TRY_ASSIGN(declaration, expression)                           \
  auto TOLLGATE_CONCAT(try_result_, __LINE__) = (expression);         \
  if (!TOLLGATE_CONCAT(try_result_, __LINE__)) {                      \
    return std::move(TOLLGATE_CONCAT(try_result_, __LINE__)).error(); \
  }                                                                   \
  declaration = std::move(*TOLLGATE_CONCAT(try_result_, __LINE__))

/// TRY(expression): returns the expression's error; the value, if any, is dropped.
#define TRY(expression)                      \
  do {                                       \
    auto try_result_ = (expression);         \
    if (!try_result_) {                      \
      return std::move(try_result_).error(); \
    }                                        \
  } while (false)
