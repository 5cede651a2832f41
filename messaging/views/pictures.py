"""Which kinds of files a browser may show; everything else is only saved."""

PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
