# tollgate_fuzz(NAME DEPS folders): add one line per target.
tollgate_fuzz(push DEPS dataplane/push)
