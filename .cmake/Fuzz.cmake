# tollgate_fuzz(NAME DEPS folders): add one line per target.
tollgate_fuzz(push DEPS dataplane/push)
tollgate_fuzz(manifests DEPS controller/files)
tollgate_fuzz(json_path DEPS controller/schema)
