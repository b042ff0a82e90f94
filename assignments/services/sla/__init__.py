"""Service levels: how soon a reply must be answered, and in which working hours.

`working_time` is arithmetic alone, `policy` holds the targets and hours as they are set,
`deadlines` computes when an answer is due, `recalculate` does so anew after a change.
"""
