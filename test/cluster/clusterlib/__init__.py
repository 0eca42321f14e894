"""Parts of the test cluster's harness; use them through cluster.Cluster."""
