"""`audit:receivers`: who gets the events. One model a kind."""
