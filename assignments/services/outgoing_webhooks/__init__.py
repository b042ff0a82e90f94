"""Outgoing webhooks by the Standard Webhooks scheme: events, endpoints, deliveries.

An event is written in the transaction of what it tells, with one delivery for each
endpoint that chose its kind; the worker sends those. See docs/outgoing-webhooks.md.
"""
