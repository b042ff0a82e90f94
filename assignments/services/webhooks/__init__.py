"""What Smartlead tells by itself: let in, kept once, taken in, and what came of it.

Nothing in here calls Smartlead. An event is believed in what it says of one thing (a
reply, a category) and only until a read, which each one asks for, has said it all.
"""
