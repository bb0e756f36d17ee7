"""The forwarder in the cluster: the pods that run a pipeline, and what is around them."""
