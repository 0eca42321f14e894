# tollgate_fuzz(NAME DEPS folders): add one line per target.
tollgate_fuzz(push DEPS dataplane/push)
tollgate_fuzz(h1_request DEPS dataplane/http/h1)
tollgate_fuzz(h1_response DEPS dataplane/http/h1)
tollgate_fuzz(sse DEPS dataplane/http)
tollgate_fuzz(json_scan DEPS dataplane/json LIBS nlohmann_json::nlohmann_json)
tollgate_fuzz(manifests DEPS controller/files)
tollgate_fuzz(json_path DEPS controller/schema)
