#include "dataplane/formats/converse/converse.h"

#include "dataplane/formats/converse/parts.h"

namespace tollgate::dataplane::formats::converse {

const chat::ChatFormat kFormat{
    .format = catalog::Format::kBedrockConverse,
    .stream_type = "application/vnd.amazon.eventstream",
    .decode_request = decode_request,
    .encode_request = encode_request,
    .make_decoder = make_decoder,
    .make_stream_encoder = make_stream_encoder,
    .encode_answer = encode_answer,
    .decode_error = decode_error,
    .encode_error = encode_error,
};

}  // namespace tollgate::dataplane::formats::converse
