#include "dataplane/formats/anthropic/anthropic.h"

#include "dataplane/formats/anthropic/parts.h"

namespace tollgate::dataplane::formats::anthropic {

const chat::ChatFormat kFormat{
    .format = catalog::Format::kAnthropicMessages,
    .stream_type = "text/event-stream",
    .decode_request = decode_request,
    .encode_request = encode_request,
    .make_decoder = make_decoder,
    .make_stream_encoder = make_stream_encoder,
    .encode_answer = encode_answer,
    .decode_error = decode_error,
    .encode_error = encode_error,
};

}  // namespace tollgate::dataplane::formats::anthropic
