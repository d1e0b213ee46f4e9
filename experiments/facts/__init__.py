"""Stylised facts: what was observed of real systems, beside what the model does, and whether the two agree."""
