"""What words a text is made of, the same way for documents and for questions."""

from qa.analysis.language import detect_language, stop_words
from qa.analysis.terms import VERSION, Content, Terms, analyse, analysis_of, content

__all__ = [
    "VERSION",
    "Content",
    "Terms",
    "analyse",
    "analysis_of",
    "content",
    "detect_language",
    "stop_words",
]
