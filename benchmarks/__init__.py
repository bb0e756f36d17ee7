"""What the product costs and how fast it is, each figure beside the one it is to be compared with: `make bench`."""
