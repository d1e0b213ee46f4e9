"""Theory recovered: closed forms of `model.theory` beside what the engine does in the economy that they describe.

Reading order: `case` (what a case is), the files of cases by subject, `running`, `table`.
"""
