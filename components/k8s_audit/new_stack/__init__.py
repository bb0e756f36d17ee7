"""A first stack file: what a kubeconfig tells of its cluster, and the file's text, made of the models that judge it."""
