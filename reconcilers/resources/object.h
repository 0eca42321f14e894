#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "dataplane/base/result.h"
#include "reconcilers/model/object_id.h"
#include "reconcilers/resources/kinds.h"

namespace tollgate::reconcilers::resources {

namespace base = tollgate::dataplane::base;

using Document = std::shared_ptr<const nlohmann::json>;

/// One API object as it came: the document keeps every field, known or not. Two objects are equal
/// if they differ in nothing that resolution could read: status (but of a Service),
/// resourceVersion and managedFields do not count, so that our own status writes wake nobody.
struct Object {
  Kind kind = Kind::kGatewayClass;
  model::ObjectId id;
  Document document;
  friend bool operator==(const Object& a, const Object& b);
};

/// Wraps a document. Fails if apiVersion, kind or metadata.name are missing or of an odd type, and
/// with Code::kUnsupported for a kind or version that resolution does not read.
base::Result<Object> make_object(Document document);

/// The identity that a document claims; for documents that were never accepted too.
base::Result<model::ObjectId> identify(const nlohmann::json& document);

}  // namespace tollgate::reconcilers::resources
