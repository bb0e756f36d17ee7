"""`audit:platform`: what kind of cluster it is, and where. One model a kind."""
