"""A faithful local Smartlead: for development, tests and the demo, without a key."""
