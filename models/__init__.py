"""What is learned, and its life on disk."""
