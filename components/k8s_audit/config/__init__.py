"""What a stack's file may say, as typed models: the one place where a user's input is judged. The whole is `stack.py`.

Nothing is imported here, so that who needs one model of it, as the plugin does, loads no other.
"""
