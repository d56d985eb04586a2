"""Collected static files under names that hold their hashes, in the imports of our JavaScript modules too."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Whitenoise's, which leaves the imports of modules alone unless told: they would be other, unhashed files."""

    support_js_module_import_aggregation = True
