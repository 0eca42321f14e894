# tollgate_fuzz(NAME DEPS folders): add one line per target.
