# tollgate_fuzz(NAME DEPS folders): add one line per target.
tollgate_fuzz(push DEPS dataplane/push)
tollgate_fuzz(event_stream DEPS dataplane/formats)
tollgate_fuzz(usage_scanner DEPS dataplane/formats)
tollgate_fuzz(openai_stream_filter DEPS dataplane/formats)
tollgate_fuzz(invoke_answer DEPS dataplane/providers)
tollgate_fuzz(aws_documents DEPS dataplane/auth)
