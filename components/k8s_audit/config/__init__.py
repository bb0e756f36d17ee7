"""What a stack's file may say, as typed models: the one place where a user's input is judged."""

from k8s_audit.config.stack import Stack, load_stack, read_stack_file

__all__ = ["Stack", "load_stack", "read_stack_file"]
