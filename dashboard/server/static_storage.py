from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedModulesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Collect files under hashed names and compressed, with hashed names in imports too."""

    support_js_module_import_aggregation = True
