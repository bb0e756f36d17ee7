"""What a stack would write, told without touching anything: for teams that bring it there by GitOps."""
