#pragma once

#include <span>
#include <string>
#include <string_view>

#include "dataplane/formats/chat/answer.h"
#include "dataplane/json/writer.h"

namespace tollgate::dataplane::formats::gemini {

/// Writes the parts of a candidate from whole blocks. Google keeps a signature with what the model
/// did after it thought; a thought that holds nothing but its signature therefore goes into the
/// part that follows, if the answer is Google's own. Signatures of others stay with their thoughts,
/// so that they come back as such; a thought that only its provider can read is one without words.
class PartWriter {
 public:
  explicit PartWriter(catalog::Format origin) : own_(origin == catalog::Format::kGeminiGenerate) {}

  /// Appends the block's parts to the open array.
  void write(json::Writer& writer, const chat::AnswerBlock& block);
  /// A text that is only a piece of its block.
  void write_text(json::Writer& writer, std::string_view text, bool thought);
  /// A signature that no part followed.
  void flush(json::Writer& writer);
  [[nodiscard]] bool has_pending() const { return !pending_.empty(); }

 private:
  void end_part(json::Writer& writer);
  void write_thought(json::Writer& writer, const chat::AnswerBlock& block);

  bool own_;
  std::string pending_;  // signature for the next part
};

/// `thoughtSignature`, if there is one: bytes, so that what is no base64 is wrapped.
void write_signature(json::Writer& writer, std::string_view signature);

/// `logprobsResult` of what the origin said about its tokens; nothing if that cannot be read.
void write_logprobs(json::Writer& writer, std::span<const std::string> raws,
                    catalog::Format origin);

}  // namespace tollgate::dataplane::formats::gemini
