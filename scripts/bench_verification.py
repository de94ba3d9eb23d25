"""How well generated sentences are checked, on sentences of which it is known whether they hold.

Run in a checkout:  python scripts/bench_verification.py FOLDER

FOLDER holds a set in the layout of BEIR whose questions state accepted answers, such as SQuAD. Each
of its paragraphs, and each of the seed article, is a passage. From them sentences are made by
rules, with a fixed seed:

- supported: quoted, and reworded by rules that keep what is said (see `REWORDINGS`)
- changed: the same with one name, number, date, quotation or "not" changed (see `CHANGES`)
- elsewhere: quoted from another paragraph of the same article, or of another

Each is checked as citing one passage. Found is an unsupported sentence that is refused. Recall is
the share of the changed sentences that are refused; precision is the share of changed ones among
all that are refused, of the changed sentences and the very ones they were made from, which are as
many. The titles are halved: the threshold is looked at on the one, the figures are of the other.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from qa.embedding import load_embedder
from qa.embedding.model import DEFAULT_MODEL, resolve_model
from qa.parsing.metadata import leading_date
from qa.passages.sentences import paragraphs, sentences
from qa.settings import load_settings
from qa.types import CheckedSentence, Citation, Passage, ScoredPassage, Span
from qa.verification import Verifier, load_entailment

SEED = Path(__file__).resolve().parents[1] / "seeds" / "000_848ef6e4a8e0730e.txt"
SHORTEST, LONGEST = 40, 350
MONTHS = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
]  # fmt: skip
SMALL = [
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen",
]  # fmt: skip
MONTH = "|".join(MONTHS)
NAME = re.compile(
    r"(?<=[a-z,] )(?<!that )(?<!text, )(?!(?:Around|Further|Then|After)\b)"
    r"[A-Z][a-z]{2,}(?: [A-Z][a-z]+)*\b(?!['’-])"
)
NUMBER = re.compile(r"(?<![\w.,$£€-])\d{1,3}(?:,\d{3})*(?![\w.,-]*\d)(?![\w-])")
YEAR = re.compile(r"(?<![\w.,-])1\d{3}|20\d\d(?![\w-])")
DATE = re.compile(rf"\b({MONTH}) (\d{{1,2}}),? (\d{{4}})\b|\b(\d{{1,2}}) ({MONTH}) (\d{{4}})\b")
BE = re.compile(r"\b(?:is|are|was|were|will|can|could|would|has|have|had)\b(?! not| n't)")


@dataclass(frozen=True)
class Item:
    kind: str
    text: str
    passage: ScoredPassage
    original: Item | None = None


# ------------------------------------------------------------------ passages


def passage_of(id_: str, title: str, text: str, date: object = None) -> ScoredPassage:
    spans = tuple(sentences(text, 0, len(text)))
    passage = Passage(id_, title, text, 0, len(text), sentences=spans)
    source = Citation(title, title, title, date, None, None, 0, 0, len(text), "", text)
    return ScoredPassage(1, 1.0, passage, source)


def passages_of(folder: Path) -> list[ScoredPassage]:
    rows = map(json.loads, (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines())
    found = [passage_of(row["_id"], row["title"], row["text"]) for row in rows]
    text = SEED.read_text(encoding="utf-8")
    for number, span in enumerate(paragraphs(text, 0, len(text))):
        found.append(passage_of(f"seed-{number}", "seed", span.slice(text), leading_date(text)))
    return found


def good_sentences(passage: ScoredPassage) -> list[str]:
    spans: Sequence[Span] = passage.passage.sentences
    found = [span.slice(passage.text) for span in spans]
    return [s for s in found if SHORTEST <= len(s) <= LONGEST and s[0].isupper() and s[-1] == "."]


# ------------------------------------------------------------------ rewordings


def date_otherwise(text: str, rng: random.Random) -> str | None:
    def other(m: re.Match[str]) -> str:
        month, day, year = (m[1], m[2], m[3]) if m[1] else (m[5], m[4], m[6])
        iso = f"{year}-{MONTHS.index(month) + 1:02}-{int(day):02}"
        forms = [
            f"{day} {month} {year}",
            f"{month} {day}, {year}",
            f"{day} {month[:3]} {year}",
            iso,
        ]
        return rng.choice([form for form in forms if form != m.group()])

    return changed(DATE.sub(other, text), text)


def number_otherwise(text: str, _: random.Random) -> str | None:
    def digits(m: re.Match[str]) -> str:
        return str(SMALL.index(m[0]) + 2)

    def word(m: re.Match[str]) -> str:
        value = int(m[0].replace(",", ""))
        return SMALL[value - 2] if 2 <= value <= 14 else m[0].replace(",", "")

    if DATE.search(text):
        return None
    small = rf"(?<![\w-])(?:{'|'.join(SMALL)})\b(?!-| (?:hundred|thousand|million))"
    spelt = re.sub(small, digits, text)
    return changed(spelt if spelt != text else NUMBER.sub(word, text), text)


def shortened(text: str, _: random.Random) -> str | None:
    short = re.sub(r" \([^()]*\)", "", text)
    short = re.sub(r"^(?:However|Moreover|In addition|For example|Furthermore|Also), (\w)",
                   lambda m: m[1].upper(), short)  # fmt: skip
    short = re.sub(r" (?:\w{3,}ly|also|very)(?= \w+ed\b| \w+ing\b)", "", short)
    return changed(short, text)


def first_clause(text: str, _: random.Random) -> str | None:
    match = re.search(r"(?:;|, (?:and|but|while|although) (?=he|she|it|they|the|this)) ?", text)
    if match and len(text[: match.start()].split()) >= 6:
        return text[: match.start()] + "."
    return None


def reported(text: str, rng: random.Random) -> str | None:
    first = text.partition(" ")[0]
    lower = text[0].lower() + text[1:] if first in {"The", "In", "This", "It", "A"} else text
    said = ("The passage says that ", "According to the text, ", "It is stated that ")
    return rng.choice(said) + lower


def active_to_passive(text: str, _: random.Random) -> str | None:
    match = re.fullmatch(
        r"(The [\w ]{3,40}|[A-Z][\w ]{2,30}) was (\w+ed) by ([^,.;]{3,60})\.", text
    )
    if not match:
        return None
    subject = match[1] if not match[1].startswith("The ") else "the" + match[1][3:]
    agent = match[3]
    return f"{agent[0].upper()}{agent[1:]} {match[2]} {subject}."


REWORDINGS: dict[str, Callable[[str, random.Random], str | None]] = {
    "date otherwise": date_otherwise,
    "number otherwise": number_otherwise,
    "shortened": shortened,
    "first clause": first_clause,
    "reported": reported,
    "active": active_to_passive,
}


def joined_pairs(passage: ScoredPassage, rng: random.Random) -> Iterator[str]:
    """Two sentences of a passage as one, adjacent or not."""
    found = [s for s in good_sentences(passage) if len(s) < 180]
    if len(found) >= 2:
        one, two = sorted(rng.sample(range(len(found)), 2))
        second = found[two]
        if second.split()[0] in {"The", "In", "This", "These", "It", "They", "He", "A"}:
            second = second[0].lower() + second[1:]
        yield f"{found[one][:-1]}, and {second}"


STATEMENTS: tuple[tuple[str, str], ...] = (
    (r"Who (\w+ed|was|were|led|wrote|became|won|began|built|gave|took) ([^?]+)\?", "{a} {1} {2}."),
    (r"When (was|were) ((?:the )?[\w' -]+) (\w+ed)\?", "{2} {1} {3} in {a}."),
    (r"Where (is|was|are|were) ((?:the )?[\w' -]+) (located|held|founded|built)\?",
     "{2} {1} {3} in {a}."),
    (r"What (is|was) the (name|capital|title|population|term) (of|for) ([^?]+)\?",
     "The {2} {3} {4} {1} {a}."),
    (r"In (?:what|which) year (was|were) ((?:the )?[\w' -]+) (\w+ed)\?", "{2} {1} {3} in {a}."),
    (r"(?:What|Which) (\w+) (\w+ed|was|led|won) ([^?]+)\?", "{a} {2} {3}."),
    (r"How many ([\w ]+?) (were|are|was|live|lived|died|had|have) ([^?]+)\?",
     "{a} {1} {2} {3}."),
)  # fmt: skip


def statement(question: str, answer: str) -> str | None:
    for pattern, form in STATEMENTS:
        match = re.fullmatch(pattern, question)
        if match and not re.search(r"\b(?:did|do|does)\b", form.format("", *match.groups(), a="")):
            made = form.format("", *match.groups(), a=answer)
            return made[0].upper() + made[1:]
    return None


def statements(folder: Path, by_id: dict[str, ScoredPassage]) -> Iterator[Item]:
    """Answered questions turned into statements, where a rule can do it."""
    qrels = dict(
        line.split("\t")[:2]
        for line in (folder / "qrels" / "test.tsv").read_text(encoding="utf-8").splitlines()[1:]
    )
    for line in (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if not row.get("answerable") or qrels.get(row["_id"]) not in by_id:
            continue
        made = statement(row["text"], row["answers"][0])
        if made:
            yield Item("statement", made, by_id[qrels[row["_id"]]])


def quoting(text: str, rng: random.Random) -> str | None:
    """The sentence with some of its words in quotation marks."""
    if '"' in text or "“" in text:
        return None
    words = text[:-1].split()
    if len(words) < 9:
        return None
    start = rng.randrange(1, len(words) - 6)
    inside = " ".join(words[start : start + 5])
    if not re.fullmatch(r"[\w ]+", inside):
        return None
    return " ".join([*words[:start], f'"{inside}"', *words[start + 5 :]]) + "."


def supported(passages: Sequence[ScoredPassage], folder: Path, rng: random.Random) -> list[Item]:
    items = []
    for passage in passages:
        found = good_sentences(passage)
        for text in found:
            items.append(Item("quoted", text, passage))
            for kind, reword in REWORDINGS.items():
                made = reword(text, rng)
                if made and (kind != "reported" or rng.random() < 0.2):
                    items.append(Item(kind, made, passage))
            made = quoting(text, rng)
            if made and rng.random() < 0.3:
                items.append(Item("with quotation", made, passage))
        items += [Item("two joined", text, passage) for text in joined_pairs(passage, rng)]
    items += statements(folder, {p.passage.id: p for p in passages})
    return items


# ------------------------------------------------------------------ changes


def changed(made: str, text: str) -> str | None:
    return made if made != text else None


class Changes:
    """Ways to make a supported sentence say something else."""

    def __init__(self, passages: Sequence[ScoredPassage], rng: random.Random) -> None:
        self.rng = rng
        self.names = {p.passage.id: sorted(set(NAME.findall(p.text))) for p in passages}
        self.titles = {p.passage.id: p.source.title for p in passages}

    def name_nearby(self, item: Item) -> str | None:
        """By a name of the same passage that the sentence hasn't."""
        return self._named(item, self.names[item.passage.passage.id])

    def name_elsewhere(self, item: Item) -> str | None:
        """By a name of another article that the passage hasn't."""
        title = item.passage.source.title
        other = [id_ for id_, t in self.titles.items() if t != title]
        return self._named(
            item, [n for n in self.names[self.rng.choice(other)] if n not in item.passage.text]
        )

    def _named(self, item: Item, others: list[str]) -> str | None:
        mine = NAME.findall(item.text)
        mine = [n for n in mine if n not in MONTHS]
        words = set(re.findall(r"\w+", item.text + " " + item.passage.source.title))
        fresh = [
            n for n in others
            if n not in MONTHS and not any(akin(w, x) for w in n.split() for x in words)
        ]  # fmt: skip
        if not mine or not fresh:
            return None
        return item.text.replace(self.rng.choice(mine), self.rng.choice(fresh))

    def number_near(self, item: Item) -> str | None:
        return self._number(item, lambda n: n + self.rng.choice([-1, 1]))

    def number_ten_times(self, item: Item) -> str | None:
        return self._number(item, lambda n: n * 10)

    def _number(self, item: Item, change: Callable[[int], int]) -> str | None:
        found = [m for m in NUMBER.finditer(item.text) if int(m[0].replace(",", "")) > 1]
        spelt = list(re.finditer(rf"(?<![\w-])(?:{'|'.join(SMALL[:-1])})\b(?!-)", item.text))
        day = [m.span() for m in DATE.finditer(item.text)]
        found = [m for m in found if not any(a <= m.start() < b for a, b in day)]
        if not found and not spelt:
            return None
        match = self.rng.choice([*found, *spelt])
        if match[0].isalpha():
            value = change(SMALL.index(match[0]) + 2)
            new = SMALL[value - 2] if 2 <= value <= 14 else str(value)
        else:
            new = f"{change(int(match[0].replace(',', ''))):,}"
        return item.text[: match.start()] + new + item.text[match.end() :]

    def year(self, item: Item) -> str | None:
        found = list(YEAR.finditer(item.text))
        if not found:
            return None
        match = self.rng.choice(found)
        new = str(int(match[0]) + self.rng.choice([-10, -1, 1, 10]))
        return item.text[: match.start()] + new + item.text[match.end() :]

    def day_or_month(self, item: Item) -> str | None:
        def other(m: re.Match[str]) -> str:
            month = m[1] or m[5]
            if self.rng.random() < 0.5:
                rest = [x for x in MONTHS if x != month]
                return m[0].replace(month, self.rng.choice(rest))
            day = m[2] or m[4]
            return re.sub(rf"\b{day}\b", str(int(day) % 28 + 1), m[0], count=1)

        return changed(DATE.sub(other, item.text, count=1), item.text)

    def negation_added(self, item: Item) -> str | None:
        if re.search(r"\b(?:not|no|never|nor|none|without|neither)\b|n't", item.text):
            return None
        match = BE.search(item.text)
        if not match:
            return None
        new = match[0] + self.rng.choice([" not", " never", " not"])
        return item.text[: match.start()] + new + item.text[match.end() :]

    def negation_removed(self, item: Item) -> str | None:
        verbs = "is|are|was|were|will|can|could|would|has|have|had|did|do|does"
        pattern = rf"\b({verbs}) not\b|\b(can)not\b"
        made = re.sub(pattern, lambda m: m[1] or m[2], item.text, count=1)
        if made == item.text:
            made = re.sub(r"\b(\w+) never\b", r"\1", item.text, count=1)
        return changed(made, item.text)

    def quotation(self, item: Item) -> str | None:
        match = re.search(r'"([^"]+)"', item.text)
        if not match:
            return None
        words = match[1].split()
        at = max(range(len(words)), key=lambda i: len(words[i]))
        other = [w for w in re.findall(r"\b[a-z]{5,}\b", item.passage.text) if w != words[at]]
        if not other:
            return None
        words[at] = self.rng.choice(other)
        inside = " ".join(words)
        if inside in item.passage.text:
            return None
        return item.text[: match.start(1)] + inside + item.text[match.end(1) :]

    def roles(self, item: Item) -> str | None:
        """Two names of the sentence change places."""
        found = list(dict.fromkeys(NAME.findall(item.text)))
        pairs = [(a, b) for a, b in pairwise(found) if a not in b and b not in a]
        for a, b in pairs:
            if not re.search(rf"{a}(?:,| and| or) {b}|{a}, ", item.text):
                return item.text.replace(a, "\0").replace(b, a).replace("\0", b)
        return None


CHANGES = {
    "name: of another article": ("name", Changes.name_elsewhere),
    "name: of the same passage": ("name", Changes.name_nearby),
    "number: ±1": ("number", Changes.number_near),
    "number: ×10": ("number", Changes.number_ten_times),
    "date: year": ("date", Changes.year),
    "date: day or month": ("date", Changes.day_or_month),
    "negation: added": ("negation", Changes.negation_added),
    "negation: removed": ("negation", Changes.negation_removed),
    "quotation: a word": ("quote", Changes.quotation),
    "roles: two names change places": ("name", Changes.roles),
}
LITERAL = ("name", "number", "date", "negation", "quote")


def akin(a: str, b: str) -> bool:
    return a[:4].lower() == b[:4].lower()


def changed_items(items: Sequence[Item], changes: Changes) -> Iterator[Item]:
    for item in items:
        for kind, (_, change) in CHANGES.items():
            made = change(changes, item)
            if made:
                yield Item(kind, made, item.passage, item)


def elsewhere(passages: Sequence[ScoredPassage], rng: random.Random) -> Iterator[Item]:
    for passage in passages:
        own = [p for p in passages if p.source.title == passage.source.title and p is not passage]
        other = [p for p in passages if p.source.title != passage.source.title]
        for kind, pool in (("elsewhere: same article", own), ("elsewhere: another", other)):
            for place in rng.sample(pool, min(2, len(pool))):
                found = good_sentences(place)
                if found:
                    yield Item(kind, rng.choice(found), passage)


# ------------------------------------------------------------------ figures


def interval(k: int, n: int) -> str:
    """A share with its 95 % interval (Wilson)."""
    if not n:
        return "–"
    z = 1.96
    centre = (k / n + z * z / (2 * n)) / (1 + z * z / n)
    half = z * ((k / n * (1 - k / n) + z * z / (4 * n)) / n) ** 0.5 / (1 + z * z / n)
    return f"{k / n:.3f} [{centre - half:.3f}, {centre + half:.3f}]"


class Bench:
    def __init__(self, verifier: Verifier) -> None:
        self.verifier = verifier
        self.known: dict[tuple[str, str], CheckedSentence] = {}
        self.seconds: list[float] = []

    def of(self, item: Item) -> CheckedSentence:
        key = (item.text, item.passage.passage.id)
        if key not in self.known:
            start = time.perf_counter()
            self.known[key] = self.verifier.check(f"{item.text} [1]", [item.passage])
            self.seconds.append(time.perf_counter() - start)
        return self.known[key]

    def refused(self, item: Item) -> bool:
        return not self.of(item).supported

    def by(self, item: Item, kind: str) -> bool:
        return any(c.kind == kind and not c.found for c in self.of(item).checks)


def table_of_supported(bench: Bench, items: Sequence[Item]) -> None:
    groups = defaultdict(list)
    for item in items:
        groups[item.kind].append(item)
    print("\n| supported | n | accepted [95 %] | refused by |\n|---|---|---|---|")
    for kind, own in [*groups.items(), ("all", list(items))]:
        kept = sum(not bench.refused(item) for item in own)
        why: dict[str, int] = defaultdict(int)
        for item in own:
            for check_kind in {c.kind for c in bench.of(item).checks if not c.found}:
                why[check_kind] += 1
        reasons = ", ".join(f"{k} {v}" for k, v in sorted(why.items(), key=lambda kv: -kv[1]))
        print(f"| {kind} | {len(own)} | {interval(kept, len(own))} | {reasons} |")


def table_of_changed(bench: Bench, items: Sequence[Item]) -> None:
    print("\n| changed | n | recall [95 %] | by the check of its kind | precision [95 %] |")
    print("|---|---|---|---|---|")
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        groups[item.kind].append(item)
    for literal in LITERAL:
        # Roles are no literal kind: each of the names is there.
        own = [i for i in items if CHANGES[i.kind][0] == literal and "roles" not in i.kind]
        groups[f"**{literal}**"] = own
    for kind, own in groups.items():
        if own:
            hit = sum(map(bench.refused, own))
            check = kind.strip("*") if kind.startswith("**") else CHANGES[kind][0]
            by = sum(bench.by(item, check) for item in own)
            wrong = sum(bench.refused(item.original) for item in own if item.original)
            print(f"| {kind} | {len(own)} | {interval(hit, len(own))} | {by / len(own):.3f} "
                  f"| {interval(hit, hit + wrong)} |")  # fmt: skip


def table_of_elsewhere(bench: Bench, items: Sequence[Item]) -> None:
    print("\n| from elsewhere | n | refused [95 %] |\n|---|---|---|")
    for kind in dict.fromkeys(item.kind for item in items):
        own = [item for item in items if item.kind == kind]
        print(f"| {kind} | {len(own)} | {interval(sum(map(bench.refused, own)), len(own))} |")


def table_of_thresholds(bench: Bench, good: Sequence[Item], bad: Sequence[Item]) -> None:
    print("\n| threshold | supported above | from elsewhere below |\n|---|---|---|")
    for step in range(30, 86, 5):
        t = step / 100
        above = sum((bench.of(i).score or 0) >= t for i in good) / len(good)
        below = sum((bench.of(i).score or 0) < t for i in bad) / len(bad)
        print(f"| {t:.2f} | {above:.3f} | {below:.3f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, help="supported sentences of each half")
    parser.add_argument("--half", choices=("both", "first", "second"), default="both")
    parser.add_argument("--errors", type=int, default=0, help="so many of each are printed")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    settings = load_settings()
    cache = settings.cache_dir.expanduser()
    embedder = load_embedder(resolve_model(DEFAULT_MODEL, cache), cache)
    bench = Bench(Verifier(embedder, load_entailment(settings.nli_model)))
    passages = passages_of(arguments.folder)
    titles = sorted({p.source.title for p in passages})
    for half, name in enumerate(("first", "second")):
        mine = [p for p in passages if titles.index(p.source.title) % 2 == half]
        good = supported(mine, arguments.folder, rng) if mine else []
        if arguments.limit and len(good) > arguments.limit:
            good = rng.sample(good, arguments.limit)
        bad = list(changed_items(good, Changes(mine, rng)))
        other = list(elsewhere(mine, rng))
        if arguments.half not in {"both", name}:
            continue
        print(f"\n## The {name} half: {', '.join(sorted({p.source.title for p in mine}))}")
        table_of_supported(bench, good)
        table_of_changed(bench, bad)
        table_of_elsewhere(bench, other)
        table_of_thresholds(bench, good, other)
        if arguments.errors:
            show_errors(bench, good, [*bad, *other], arguments.errors, rng)
    times = sorted(bench.seconds)
    print(f"\n{len(times)} sentences, median {times[len(times) // 2] * 1000:.1f} ms each")


def show_errors(
    bench: Bench, good: Sequence[Item], bad: Sequence[Item], many: int, rng: random.Random
) -> None:
    wrong: dict[str, list[Item]] = defaultdict(list)
    for item in good:
        if bench.refused(item):
            wrong[f"refused: {item.kind}"].append(item)
    for item in bad:
        if not bench.refused(item):
            wrong[f"missed: {item.kind}"].append(item)
    for kind, own in wrong.items():
        for item in rng.sample(own, min(many, len(own))):
            missing = [(c.kind, c.text[:60]) for c in bench.of(item).checks if not c.found]
            print(f"\n{kind} {bench.of(item).score} {missing}\n  {item.text}")
            if item.original:
                print(f"  was: {item.original.text}")


if __name__ == "__main__":
    main()
