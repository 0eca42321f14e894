#include "dataplane/http/head.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <new>
#include <utility>

#include "dataplane/base/text.h"

namespace tollgate::dataplane::http {

namespace {

constexpr std::size_t kFirstCapacity = 16;

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && (a.empty() || ((a.front() ^ b.front()) & ~0x20) == 0) &&
         base::equals_ignore_case(a, b);
}

template <typename Head>
Head* new_head(base::Arena& arena) {
  static_assert(std::is_trivially_destructible_v<Head>);
  auto* head = new (arena.allocate(sizeof(Head), alignof(Head))) Head;
  head->fields = FieldList(arena);
  return head;
}

}  // namespace

FieldList::FieldList(FieldList&& other) noexcept
    : arena_(other.arena_),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0U)),
      capacity_(std::exchange(other.capacity_, 0U)) {}

FieldList& FieldList::operator=(FieldList&& other) noexcept {
  if (this == &other) return *this;
  arena_ = other.arena_;
  data_ = std::exchange(other.data_, nullptr);
  size_ = std::exchange(other.size_, 0U);
  capacity_ = std::exchange(other.capacity_, 0U);
  return *this;
}

FieldList FieldList::clone(base::Arena& arena) const {
  FieldList copy(arena);
  copy.reserve(size_);
  std::copy(begin(), end(), copy.data_);
  copy.size_ = size_;
  return copy;
}

void FieldList::reserve(std::size_t count) {
  if (count <= capacity_) return;
  assert(arena_ != nullptr);
  const std::size_t capacity =
      std::max({count, kFirstCapacity, static_cast<std::size_t>(capacity_) * 2});
  auto* data = arena_->allocate_array<Field>(capacity);
  std::uninitialized_copy(begin(), end(), data);
  data_ = data;
  capacity_ = static_cast<std::uint32_t>(capacity);
}

void FieldList::add_copy(std::string_view name, std::string_view value) {
  assert(arena_ != nullptr);
  add(arena_->copy(name), arena_->copy(value));
}

void FieldList::set(std::string_view name, std::string_view value) {
  bool placed = false;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    if (!same_name(data_[i].name, name)) {
      data_[kept++] = data_[i];
    } else if (!placed) {
      data_[kept++] = {name, value};
      placed = true;
    }
  }
  size_ = static_cast<std::uint32_t>(kept);
  if (!placed) add(name, value);
}

std::size_t FieldList::remove(std::string_view name) {
  return remove_if([name](const Field& field) { return same_name(field.name, name); });
}

const Field* FieldList::find(std::string_view name) const {
  for (const Field& field : *this) {
    if (same_name(field.name, name)) return &field;
  }
  return nullptr;
}

const Field* FieldList::find_next(std::string_view name, const Field* field) const {
  for (const Field* next = field + 1; next != end(); ++next) {
    if (same_name(next->name, name)) return next;
  }
  return nullptr;
}

std::string_view FieldList::value_of(std::string_view name) const {
  const Field* field = find(name);
  return field == nullptr ? std::string_view{} : field->value;
}

std::size_t FieldList::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(
      begin(), end(), [name](const Field& field) { return same_name(field.name, name); }));
}

std::optional<std::string_view> FieldList::joined(std::string_view name, base::Arena& arena) const {
  const Field* first = find(name);
  if (first == nullptr) return std::nullopt;
  if (find_next(name, first) == nullptr) return first->value;
  std::size_t size = 0;
  for (const Field* f = first; f != nullptr; f = find_next(name, f)) size += f->value.size() + 2;
  auto* memory = arena.allocate_array<char>(size);
  char* at = memory;
  for (const Field* f = first; f != nullptr; f = find_next(name, f)) {
    if (f != first) {
      *at++ = ',';
      *at++ = ' ';
    }
    at = std::copy(f->value.begin(), f->value.end(), at);
  }
  return std::string_view(memory, static_cast<std::size_t>(at - memory));
}

RequestHead* new_request_head(base::Arena& arena) {
  return new_head<RequestHead>(arena);
}
ResponseHead* new_response_head(base::Arena& arena) {
  return new_head<ResponseHead>(arena);
}

RequestHead* clone(const RequestHead& head, base::Arena& arena) {
  RequestHead* copy = new_request_head(arena);
  copy->method = head.method;
  copy->target = head.target;
  copy->form = head.form;
  copy->scheme = head.scheme;
  copy->authority = head.authority;
  copy->path = head.path;
  copy->query = head.query;
  copy->has_query = head.has_query;
  copy->version = head.version;
  copy->fields = head.fields.clone(arena);
  copy->framing = head.framing;
  copy->content_length = head.content_length;
  copy->keep_alive = head.keep_alive;
  copy->expect_continue = head.expect_continue;
  copy->upgrade = head.upgrade;
  return copy;
}

ResponseHead* clone(const ResponseHead& head, base::Arena& arena) {
  ResponseHead* copy = new_response_head(arena);
  copy->status = head.status;
  copy->reason = head.reason;
  copy->version = head.version;
  copy->fields = head.fields.clone(arena);
  copy->framing = head.framing;
  copy->content_length = head.content_length;
  copy->declared_length = head.declared_length;
  copy->keep_alive = head.keep_alive;
  return copy;
}

}  // namespace tollgate::dataplane::http
