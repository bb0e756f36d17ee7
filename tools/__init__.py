"""The set-up: one pinned table of tools, downloaded where that works, else built from Go modules."""
