"""Routing rules: who gets a lead by itself, who may change that, and why him.

The first rule that matches a lead decides about it. A person's decision always stands:
what they gave away, left with nobody or turned down, no rule touches.
"""
