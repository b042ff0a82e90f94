"""The one package that talks to Smartlead.

Callers see records, errors, `Client` and `Budget`; httpx stays in here. The API key is
added at the innermost transport: no URL, log, error or `repr` in here holds it.
"""
