"""What words a text is made of, the same way for documents and for questions."""

from qa.analysis.language import detect_language
from qa.analysis.terms import Content, Terms, analyse, analysis_of, content

__all__ = ["Content", "Terms", "analyse", "analysis_of", "content", "detect_language"]
