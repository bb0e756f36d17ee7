"""Changing a kube-apiserver safely: reach its host, edit its manifest, and the transaction around both."""
