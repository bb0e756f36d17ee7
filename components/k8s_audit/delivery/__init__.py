"""How events travel from an API server to a receiver, and the proof that they arrive."""
