"""What words a text is made of, the same way for documents and for questions."""

from qa.analysis.language import NOUNS_CAPITAL, detect_language, stop_words
from qa.analysis.negation import NEGATIONS
from qa.analysis.terms import VERSION, Content, Terms, analyse, analysis_of, content

__all__ = [
    "NEGATIONS",
    "NOUNS_CAPITAL",
    "VERSION",
    "Content",
    "Terms",
    "analyse",
    "analysis_of",
    "content",
    "detect_language",
    "stop_words",
]
