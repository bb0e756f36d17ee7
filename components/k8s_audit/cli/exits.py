"""Exit codes of the command; 0: done."""

NOT_SO = 1
"""The thing asked about is not so."""
BAD_INPUT = 2
TOOL_FAILED = 3
"""A tool or host failed."""
