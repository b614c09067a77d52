module gitops-harness/airgap/pause

go 1.26.3
