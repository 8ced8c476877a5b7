"""Text to terms and vectors, to ranked and explained candidates; training and evaluation."""
