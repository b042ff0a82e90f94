from django.db import models


class SharedCacheEntry(models.Model):
    """A row of Django's database cache, which all processes share.

    Only the cache itself reads and writes it; the model makes its table, and the tick
    deletes what has expired.
    """

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "shared_cache"

    def __str__(self) -> str:
        return self.cache_key
