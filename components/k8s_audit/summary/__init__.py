"""What a preview means, in words for whoever reviews a pull request."""
