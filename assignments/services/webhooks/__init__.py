"""Smartlead's webhook events: authenticated, stored once, applied, and reported.

Nothing in here calls Smartlead. An event is believed in what it says of one thing (a
reply, a category) and only until a read, which each one asks for, has said it all.
"""
