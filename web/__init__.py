"""The Flask service: the JSON API, and the pages of agents and learners."""
