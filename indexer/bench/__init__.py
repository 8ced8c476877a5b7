"""Measuring speed: invented corpora of any size, our parts and their peers side by side."""
