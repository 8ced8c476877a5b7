"""What the figures of the reports mean: pure definitions over facts read by the store."""
