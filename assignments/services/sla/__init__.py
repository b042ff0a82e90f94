"""How soon a reply must be answered: targets, working hours, and what is overdue.

`working_time` is arithmetic alone, `book` knows the hours and targets as they are set,
`due` says when an answer falls due, `breaches` what happens when it does.
"""
