"""What the desk knows and who may change it: handbook, tickets, suggestions, outcomes, database."""

__version__ = "0.1.0"
