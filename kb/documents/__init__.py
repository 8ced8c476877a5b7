"""Documents from outside: Word files and pasted HTML, on their way to becoming articles."""
