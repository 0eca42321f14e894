#include "dataplane/formats/openai/errors.h"
#include "dataplane/formats/openai_responses/answer.h"
#include "dataplane/formats/openai_responses/openai_responses.h"
#include "dataplane/formats/openai_responses/request.h"

namespace tollgate::dataplane::formats::openai_responses {

const chat::ChatFormat kFormat{
    .format = catalog::Format::kOpenAiResponses,
    .stream_type = "text/event-stream",
    .decode_request = decode_request,
    .encode_request = encode_request,
    .make_decoder = make_decoder,
    .make_stream_encoder = make_stream_encoder,
    .encode_answer = encode_answer,
    .decode_error = openai::decode_error,
    .encode_error = openai::encode_error,
};

}  // namespace tollgate::dataplane::formats::openai_responses
