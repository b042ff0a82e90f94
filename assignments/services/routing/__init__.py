"""Routing rules, which assign or suggest leads without a person.

The first rule that matches a lead decides about it. Rules never touch a lead about which
a person decided: given to somebody, left without an owner, or a suggestion dismissed.
"""
