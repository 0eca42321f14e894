#include "dataplane/formats/chat/whole.h"

#include <string>
#include <utility>

namespace tollgate::dataplane::formats::chat {
namespace {

class WholeDecoder final : public AnswerDecoder {
 public:
  explicit WholeDecoder(WholeReader read) : read_(std::move(read)) {}

  base::Status push(std::string_view bytes, EventSink& /*sink*/) override {
    if (body_.size() + bytes.size() > kMaxAnswerBytes) return answer_too_large();
    body_ += bytes;
    return {};
  }

  base::Status finish(EventSink& sink) override {
    const std::size_t size = body_.size();
    body_.append(json::kPaddingBytes, '\0');
    json::Reader reader;
    return read_(reader.open(std::string_view(body_).substr(0, size)), sink);
  }

 private:
  WholeReader read_;
  std::string body_;
};

}  // namespace

std::unique_ptr<AnswerDecoder> whole_decoder(WholeReader read) {
  return std::make_unique<WholeDecoder>(std::move(read));
}

}  // namespace tollgate::dataplane::formats::chat
