#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/cel/tree.h"

namespace tollgate::dataplane::cel {

// What operators and functions do with values. Each fails with one sentence, without a position.

base::Result<Value> arithmetic(Op op, const Value& a, const Value& b);
base::Result<Value> negate(const Value& value);
base::Result<Value> convert(Function function, const Value& value);
base::Result<Value> size_of(const Value& value);
/// contains, startsWith, endsWith.
base::Result<Value> search(Function function, const Value& text, const Value& part);

using Pattern = std::shared_ptr<const re2::RE2>;
base::Result<Pattern> compile_pattern(const std::string& pattern);
/// Anywhere in the text.
bool matches(const re2::RE2& pattern, std::string_view text);

/// "there is no such operation for int and string": what is told where types are known late.
base::Error no_overload(const Value& a);
base::Error no_overload(const Value& a, const Value& b);

}  // namespace tollgate::dataplane::cel
