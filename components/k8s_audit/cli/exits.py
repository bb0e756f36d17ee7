"""Exit codes of the command; 0: done."""

NOT_SO = 1
"""The thing asked about is not so."""
BAD_INPUT = 2
TOOL_FAILED = 3
"""A tool or host failed."""
INTERRUPTED = 130
"""As shells call a command that Ctrl-C ended."""
READER_GONE = 141
"""As shells call a command whose output nobody reads any more."""
