"""Vacation coverage: leads handed over before the first day, given back by themselves.

`walking` decides about one lead, from facts alone; `running` gathers the facts and
carries the decisions out; `holds` is the only one that changes holds, when a move has
come true.
"""
