"""A few questions to begin with, made from the documents themselves and known to be answered.

No language model: what a sentence says is turned into the question that it answers, where that
takes no change of a word's form ("The budget was approved by Ann Berg." answers "Who approved the
budget?"). Each is then asked, and kept only if that very sentence comes back. Documents in other
languages than English offer their headings and titles as they are.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from qa.errors import QAError
from qa.service import QA
from qa.types import Ask, Document, Passage

MOST = 4
_DOCUMENTS = 20
_PASSAGES = 12
"""Of a document, from its beginning."""
_SECONDS = 1.0
_SHORTEST, _LONGEST = 15, 75
"""Characters of a question that one reads at a glance."""

# What follows reads the plainest forms of English sentences; what it misreads isn't answered by
# the sentence it came from, and falls away.

# Past tenses and participles that are alike and don't end in -ed.
_IRREGULAR = "met|built|held|made|said|told|won|led|found|sold|bought|brought|sent|lost|left|kept"
_PAST = rf"(?:{_IRREGULAR}|[a-z]{{2,}}ed)"
_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
)
_DATE = rf"(?:\d{{1,2}} {_MONTH}(?: \d{{4}})?|{_MONTH}(?: \d{{1,2}},?)?(?: \d{{4}})?|[12]\d{{3}})"
_NAME = r"[A-Z][\w'’-]+(?: (?:(?:bin|van|von|de|der|al|el) )*[A-Z][\w'’-]+){1,3}"
# "the town hall", "the Harbour Museum", "Shusha": what a sentence can be about in a few words.
_THING = r"(?:[Tt]he |[Aa]n? |[Oo]ur )?[A-Z]?[\w'’-]+(?: (?:of |in |for |the )*[\w'’-]+){0,4}?"
# Where a question may end within a sentence; not at a decimal point.
_END = r"(?=,? (?:on|in|at|after|before|since|while|and|but|because|when|which|who)\b|[,;:(.?!–—])"

_APPROVED_BY = re.compile(
    rf"^(?P<thing>{_THING}) (?:was|were) (?P<verb>{_PAST}) by (?P<who>{_NAME})\b"
)
_CHOSEN_AS = re.compile(
    r"\b(?:was|were) (?P<verb>chosen|elected|named|appointed|selected|made)(?: by [\w ]{2,40}?)? "
    r"(?P<role>as [^,;.]{6,60}|(?:chair|head|mayor|director|president)[^,;.]{0,40})"
)
_DONE_WHEN = re.compile(
    rf"^(?P<thing>{_THING}) (?P<be>was|were) (?P<verb>{_PAST}|founded|written|begun)\b"
    rf"[^,;.]{{0,40}}? (?:in|on) {_DATE}\b"
)
_STANDS = re.compile(
    rf"^(?P<thing>{_THING}) (?P<verb>stands|lies|is located|is held|takes place) "
    r"(?:in|on|at|near|by|between|behind|beside) "
)
_PERSON_DID = re.compile(
    rf"(?:^|\b)(?P<who>{_NAME}) (?P<verb>{_PAST}) (?P<what>[^,;:.!?()]{{6,60}}?){_END}"
)
_IS_A = re.compile(rf"^(?P<thing>{_THING}) (?:is|are) (?:an?|the|one of) [a-z]")
_OFFICE = re.compile(
    r"\b(?:President|Minister|Director(?: General)?|Secretary(?: General)?|Chair(?:man|woman)?"
    rf"|Mayor|Lady|Professor|Captain|Bishop|Judge|Ambassador) (?P<who>(?!General\b){_NAME})\b"
)
_FILLER = re.compile(
    r"^(?:he|she|it|they|this|that|these|those|there|we|you|i|who|what|which|one|all|some|others?)\b"
    r"|\b(?:he|she|they|it|his|her|their|its|this|these|those|such)\b",
    re.IGNORECASE,
)
_UNFINISHED = re.compile(r"\b(?:an?|as|at|by|for|from|in|of|on|the|to|with)$")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question, and the document and characters in which a sentence answers it."""

    question: str
    kind: str
    document_id: str
    start: int
    end: int


class Suggestions:
    """The questions that a bot's documents suggest, made anew for each generation.

    Safe to use from several threads: one makes them, the others wait for it.
    """

    def __init__(self, bot: QA) -> None:
        self._bot = bot
        self._making = threading.Lock()
        self._made: tuple[int, tuple[str, ...]] = (0, ())

    def of(self, generation: int) -> tuple[str, ...]:
        """At most `MOST` questions, found within a second or so once a generation."""
        with self._making:
            if self._made[0] != generation:
                self._made = (generation, tuple(suggest(self._bot)))
            return self._made[1]


def suggest(bot: QA, seconds: float = _SECONDS) -> list[str]:
    """At most `MOST` questions which the bot answers, of different kinds and documents if it can.

    An empty list if the store is empty or can't be asked now.

    Args:
        seconds: after which no further question is tried.
    """
    until = time.monotonic() + seconds
    try:
        return _kept(bot, _candidates(bot, until), until)
    except QAError:
        return []


def _kept(bot: QA, candidates: Iterable[Candidate], until: float) -> list[str]:
    kept: list[Candidate] = []
    left = list(candidates)
    while left and len(kept) < MOST and time.monotonic() < until:
        best = min(left, key=lambda each: _likeness(each, kept))
        left.remove(best)
        if _is_answered(bot, best):
            kept.append(best)
            left = [each for each in left if not _says_the_same(each, best)]
    return [each.question for each in kept]


def _likeness(candidate: Candidate, kept: Sequence[Candidate]) -> int:
    """How little variety a candidate would bring: a document weighs more than a kind. What is made
    of a heading says less than what is made of a sentence."""
    documents = sum(other.document_id == candidate.document_id for other in kept)
    kinds = sum(other.kind == candidate.kind for other in kept)
    return 2 * documents + kinds + 3 * (candidate.kind == "heading")


def _says_the_same(one: Candidate, other: Candidate) -> bool:
    same_sentence = (one.document_id, one.start) == (other.document_id, other.start)
    return same_sentence or one.question == other.question


def _is_answered(bot: QA, candidate: Candidate) -> bool:
    found = bot.find(Ask(candidate.question, 1)).citation
    if not found:
        return False
    overlaps = found.start < candidate.end and candidate.start < found.end
    return found.document_id == candidate.document_id and overlaps


def _candidates(bot: QA, until: float) -> Iterator[Candidate]:
    for document, passages in _sample(bot):
        if time.monotonic() > until:
            return
        if document.language == "en":
            yield from _from_sentences(document, passages)
        yield from _from_headings(document, passages)


def _sample(bot: QA) -> Iterator[tuple[Document, Sequence[Passage]]]:
    """Some documents, each with its first passages."""
    infos, _ = bot.library.page((), 0, _DOCUMENTS)
    for info in infos:
        document, passages = bot.library.document(info.id)
        yield document, passages[:_PASSAGES]


def _from_headings(document: Document, passages: Sequence[Passage]) -> Iterator[Candidate]:
    """Title and headings, in English as questions."""
    spans = {passage.heading[-1]: passage for passage in passages if passage.heading}
    # Made up from a sentence, whole or cut off, it is no title.
    title = [] if document.title.endswith(("…", ".")) else [document.title]
    for heading in dict.fromkeys([*title, *spans]):
        question = heading
        if document.language == "en" and not heading.endswith("?"):
            question = f"What is said about {heading}?"
        if 4 <= len(question) <= _LONGEST:
            passage = spans.get(heading)
            start, end = (passage.start, passage.end) if passage else (0, len(document.text))
            yield Candidate(question, "heading", document.id, start, end)


def _from_sentences(document: Document, passages: Sequence[Passage]) -> Iterator[Candidate]:
    seen: set[str] = set()
    for passage in passages:
        for span in passage.sentences:
            sentence = " ".join(span.slice(passage.text).split())
            for kind, question in questions_of(sentence):
                if question not in seen:
                    seen.add(question)
                    start, end = passage.start + span.start, passage.start + span.end
                    yield Candidate(question, kind, document.id, start, end)


# ------------------------------------------------------------------ from a sentence to a question


def questions_of(sentence: str) -> Iterator[tuple[str, str]]:
    """The questions that an English sentence answers by its form, each with its kind."""
    for kind, question in _readings(sentence):
        if _SHORTEST <= len(question) <= _LONGEST and question.count('"') % 2 == 0:
            yield kind, question


def _readings(sentence: str) -> Iterator[tuple[str, str]]:
    if (found := _APPROVED_BY.search(sentence)) and (thing := _thing(found)):
        yield "who", f"Who {found['verb']} {thing}?"
    if found := _CHOSEN_AS.search(sentence):
        role = found["role"].strip()
        yield "what", f"{_who_or_what(sentence)} was {found['verb']} {role}?"
    if (found := _DONE_WHEN.search(sentence)) and (thing := _thing(found)):
        yield "when", f"When {found['be']} {thing} {found['verb']}?"
    if (found := _STANDS.search(sentence)) and (thing := _thing(found)):
        yield "where", _where(thing, found["verb"])
    if (found := _IS_A.search(sentence)) and (thing := _thing(found)):
        be = "are" if " are " in found.group() else "is"
        yield "is", f"{'Who' if _is_name(thing) else 'What'} {be} {thing}?"
    for found in _PERSON_DID.finditer(sentence):
        what = found["what"].strip()
        if not (_FILLER.search(what) or _UNFINISHED.search(what)):
            yield "did", f"Who {found['verb']} {what}?"
    for found in _OFFICE.finditer(sentence):
        yield "office", f"Who is {found['who']}?"


def _thing(found: re.Match[str]) -> str | None:
    """What a sentence is about, as it stands within a question; None if that points elsewhere."""
    thing = found["thing"]
    if _FILLER.search(thing):
        return None
    first, _, rest = thing.partition(" ")
    return f"{first.lower()} {rest}" if first in ("The", "A", "An", "Our") else thing


def _where(thing: str, verb: str) -> str:
    if verb in ("stands", "lies"):
        return f"Where does {thing} {verb.removesuffix('s')}?"
    if verb == "takes place":
        return f"Where does {thing} take place?"
    return f"Where is {thing} {verb.removeprefix('is ')}?"


def _is_name(thing: str) -> bool:
    return re.fullmatch(_NAME, thing) is not None


def _who_or_what(sentence: str) -> str:
    return "Who" if re.match(_NAME + r"\b", sentence) else "What"
