"""What a file is that was taken for another: told by its first bytes."""

_HEADS: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself: git lfs pull"),
    (b"\x89MCAP0\r\n", "an MCAP file"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"PK\x03\x04", "a ZIP archive, as PyTorch's checkpoints are"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF"),
    (b"\x80\x02", "a pickle"),
    (b"\x80\x03", "a pickle"),
    (b"\x80\x04", "a pickle"),
    (b"\x80\x05", "a pickle"),
)
_LOOKED_AT = 4096


def describe(data: bytes) -> str:
    """What these bytes are, for whoever expected something else."""
    if not data:
        return "an empty file"
    for head, what in _HEADS:
        if data.startswith(head):
            return what
    # Protocol Buffers: an ONNX file begins with its version of the format and its producer.
    if data[:1] == b"\x08" and data[2:3] == b"\x12":
        return "an ONNX file"
    return _describe_text(data[:_LOOKED_AT])


def _describe_text(begin: bytes) -> str:
    text = begin.decode("utf-8", errors="replace").lstrip("\ufeff \t\r\n")
    if text.count("\ufffd") > 1 or "\0" in text:
        return "binary data of another kind"
    if text[:15].lower().startswith(("<!doctype html", "<html")):
        return "a web page (HTML): the download went wrong"
    if text.startswith("{"):
        return "JSON"
    return "text"
