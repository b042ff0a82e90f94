"""The one package that calls Smartlead.

Callers use `Client`, `CallBudget`, records and errors; httpx stays in here. The API key
is added by the innermost transport: no URL, log, error or `repr` in here contains it.
"""
