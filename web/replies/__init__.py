"""What the API answers: one model a noun, one module a table group."""
