"""Largest sizes of a request's body, in bytes; free of Django, for the web server."""

MEGABYTE = 1024 * 1024
LARGEST_BODY = MEGABYTE
LARGEST_IMPORT = 2 * MEGABYTE + 64 * 1024  # a file of 2 MB, and the form around it
