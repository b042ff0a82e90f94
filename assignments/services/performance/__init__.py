"""Who answered what, how soon, and whose leads they were.

`turns` and `credit` are pure; `recording` keeps replies as mails are seen; `figures`
reads them.
"""
