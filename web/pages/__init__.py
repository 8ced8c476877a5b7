"""The pages, in Chinese, rendered here and complete without JavaScript."""
