"""All SQL: one module a table group."""
