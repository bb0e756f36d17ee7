"""What goes wrong with a receiver in the cluster: what is seen of it, and what that means, with its mend."""
