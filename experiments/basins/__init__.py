"""Whether an economy forgets: where it ends from other beliefs, and by which way it came to where it is."""
