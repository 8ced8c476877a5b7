"""How people learn the work: cards, drills from real cases, mastery, and the path of a week."""
