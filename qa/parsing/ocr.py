"""Text recognition of scanned PDF pages by tesseract; it needs the extra ``ocr``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from qa.parsing.base import PassingError

_DOTS_PER_INCH = 300
_MOST_PIXELS = 40_000_000
"""Of a page: a sheet of A3 at this resolution has 17 million."""
_PAGE_SECONDS = 60


def recognized(data: bytes, numbers: Iterable[int]) -> Iterator[str]:
    """The text of some pages of a PDF, by number from 1; paragraphs are parted by blank lines.

    Raises:
        DocumentError: the extra or tesseract is missing, or a page takes too long.
    """
    try:
        import pytesseract
    except ImportError as error:
        raise PassingError(
            "it is scanned (no text layer), and text recognition isn't installed: "
            'pip install "qa[ocr]"'
        ) from error
    import pypdfium2

    with pypdfium2.PdfDocument(data) as pdf:
        for number in numbers:
            page = pdf[number - 1]
            width, height = page.get_size()
            scale = min(_DOTS_PER_INCH / 72, (_MOST_PIXELS / max(1.0, width * height)) ** 0.5)
            image = page.render(scale=scale, grayscale=True).to_pil()
            page.close()
            try:
                yield str(pytesseract.image_to_string(image, timeout=_PAGE_SECONDS))
            except pytesseract.TesseractNotFoundError as error:
                raise PassingError(
                    "it is scanned (no text layer), and tesseract isn't there: install it (on "
                    "Debian: apt install tesseract-ocr)"
                ) from error
            except RuntimeError as error:  # what pytesseract raises at the end of its time
                raise PassingError(f"its text can't be recognized ({error})") from error
