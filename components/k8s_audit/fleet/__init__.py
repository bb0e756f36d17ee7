"""Many stacks at once: what their states tell, and bringing them up in waves."""
