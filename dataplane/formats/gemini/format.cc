#include "dataplane/formats/gemini/format.h"

#include "dataplane/formats/gemini/answer.h"
#include "dataplane/formats/gemini/request_decode.h"
#include "dataplane/formats/gemini/request_encode.h"

namespace tollgate::dataplane::formats::gemini {

const chat::ChatFormat kFormat{
    .format = catalog::Format::kGeminiGenerate,
    .stream_type = "text/event-stream",
    .decode_request = decode_request,
    .encode_request = encode_request,
    .make_decoder = make_decoder,
    .make_stream_encoder = make_stream_encoder,
    .encode_answer = encode_answer,
    .decode_error = decode_error,
    .encode_error = encode_error,
};

}  // namespace tollgate::dataplane::formats::gemini
