"""From what was found to a checked answer, over the seed article."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from qa.suggestions import suggest
from qa.types import Answer, Ask, CheckedSentence
from qa.verification import UNSUPPORTED_MARK
from tests.language_model_server import cuts, says, sends, waits

QUESTION = "What was chosen as the 2024 Cultural Capital?"
TRUE = (
    "The city of Shusha was chosen by ICESCO as the Cultural Capital of the Islamic World for 2024"
)
FALSE = "The city of Paris was chosen by NATO as the Cultural Capital of Europe for 1999"


def steps(bot, question=QUESTION):
    return list(bot.stream(Ask(question)))


@pytest.fixture(scope="module")
def plain(seed_bot):
    return seed_bot.find(Ask(QUESTION))


def test_first_comes_what_was_found_then_each_sentence_then_the_answer(writer, server, plain):
    server.script = [says(f"{TRUE} [1]. It is the cradle of the culture of Azerbaijan [1].")]
    found, *sentences, answer = steps(writer())
    assert found == plain
    assert [sentence.supported for sentence in sentences] == [True, True]
    assert answer.text == " ".join(sentence.text for sentence in sentences)
    assert answer.sentences == tuple(sentences)
    assert answer.model == "test"
    assert answer.notice is None
    assert answer.citation == sentences[0].source
    assert answer.passages == plain.passages
    assert answer.to_dict()["answer"]["model"] == "test"
    assert answer.timings_ms["total"] >= answer.timings_ms["write"] > 0


def test_a_sentence_is_shown_while_the_next_is_written(writer, server):
    server.script = [says(f"{TRUE} [1]. " + "It is the cradle of the culture. " * 2, pause=0.05)]
    stream = writer().stream(Ask(QUESTION))
    assert isinstance(next(stream), Answer)
    assert isinstance(next(stream), CheckedSentence)
    assert not server.hung_up.is_set()
    stream.close()
    assert server.hung_up.wait(3)


def test_what_is_not_supported_is_marked(writer, server):
    server.script = [says(f"{TRUE} [1]. {FALSE} [1].")]
    *_, answer = steps(writer())
    assert answer.text == f"{TRUE} [1]. {FALSE} [1]. {UNSUPPORTED_MARK}"
    assert [sentence.supported for sentence in answer.sentences] == [True, False]


def test_strictly_it_is_dropped_but_reported(writer, server):
    server.script = [says(f"{FALSE} [1]. {TRUE} [1]. {FALSE} again.")]
    _, *shown, answer = steps(writer(llm_strict=True))
    assert [sentence.supported for sentence in shown] == [True]
    assert answer.text == f"{TRUE} [1]."
    assert [sentence.supported for sentence in answer.sentences] == [False, True, False]


def test_nothing_unsupported_is_shown_before_something_supported(writer, server):
    server.script = [says(f"{FALSE} [1]. {TRUE} [1].", pause=0.02)]
    _, *shown, answer = steps(writer())
    assert [sentence.supported for sentence in shown] == [False, True]
    assert answer.text.startswith(FALSE)
    assert answer.citation.start < answer.citation.end


@pytest.mark.parametrize("strict", [True, False])
def test_an_answer_with_nothing_supported_is_that_the_documents_do_not_say(writer, server, strict):
    server.script = [says(f"{FALSE} [1]. {FALSE} [2] too.")]
    found, *shown, answer = steps(writer(llm_strict=strict))
    assert shown == []
    assert (answer.answered, answer.text, answer.citation) == (False, None, None)
    assert answer.to_dict()["answer"] is None
    assert answer.notice.startswith("No passage supports what the language model test wrote")
    assert len(answer.sentences) == 2
    assert found.answered


@pytest.mark.parametrize("text", ["NOT SAID", "Not said.", " NOT SAID [1]", "**NOT SAID**"])
def test_the_model_may_say_that_the_passages_do_not(writer, server, text):
    server.script = [says(text)]
    *_, answer = steps(writer())
    assert not answer.answered
    assert answer.notice == "The language model test finds no answer in these passages."
    assert answer.sentences == ()


def test_a_citation_that_does_not_exist_never_shows(writer, server):
    server.script = [says(f"{TRUE} [9]. It is the cradle of the culture of Azerbaijan [1, 77].")]
    *_, answer = steps(writer())
    assert "9" not in answer.text.replace("2024", "")
    assert "77" not in answer.text
    assert all(1 <= n <= 5 for sentence in answer.sentences for n in sentence.citations)


def test_a_model_that_goes_round_in_circles_is_stopped(writer, server):
    server.script = [says(f"{TRUE} [1]. " * 50, pause=0.005, size=200)]
    *_, answer = steps(writer())
    assert answer.text == f"{TRUE} [1]."
    assert server.hung_up.wait(3)


def test_no_more_than_a_few_sentences_are_read(writer, server):
    server.script = [says(" ".join(f"{TRUE} and {n} [1]." for n in range(60)), size=500)]
    *_, answer = steps(writer())
    assert len(answer.sentences) == 12


def test_what_only_repeats_the_prompt_is_no_answer(writer, server):
    def echo(handler):
        prompt = handler.of.prompt
        says(f"Passages are quotations. {TRUE} [1].\n\n{prompt}")(handler)

    server.script = [echo]
    *_, answer = steps(writer())
    assert TRUE in answer.text
    assert "---" not in answer.text
    assert QUESTION not in answer.text


def test_lists_and_labels_are_sentences(writer, server):
    server.script = [says(f"Answer:\n\n- **{TRUE}** [1]\n- It is the cradle of the culture [1]\n")]
    *_, answer = steps(writer())
    assert answer.text == f"{TRUE} [1] It is the cradle of the culture [1]"


# ------------------------------------------------------------------ failures


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (sends(503), "fails (HTTP 503)"),
        (sends(401), "doesn't accept the key (HTTP 401: set QA_LLM_API_KEY)"),
        (sends(404), "has no model 'test'"),
        (sends(200, "<html>", "text/html"), "sends a web page"),
        (cuts("The city of Shu"), "broke off"),
        (waits(), "took more than 1 seconds"),
    ],
)
def test_a_failure_leaves_the_sentence_of_the_documents_with_a_notice(
    writer, server, plain, reply, reason
):
    server.script = [reply]
    _, answer = steps(writer(llm_seconds=1))
    assert answer.text == plain.text
    assert answer.citation == plain.citation
    assert answer.model is None
    assert answer.notice.startswith(f"The language model at {server.url} {reason}")
    assert answer.notice.endswith(": this is the sentence of the documents that answers best.")


def test_a_failure_midway_leaves_what_was_supported_with_a_notice(writer, server):
    server.script = [cuts(f"{TRUE} [1]. It is the cradle of the culture of Az")]
    *_, answer = steps(writer())
    assert answer.text == f"{TRUE} [1]."
    assert answer.model == "test"
    assert answer.notice.endswith("broke off: this is what it had written by then.")


def test_where_the_documents_do_not_say_either_the_notice_says_so(writer, server):
    server.script = [sends(500)]
    _, answer = steps(writer(llm_min_confidence=0), "Who invented the telephone?")
    assert not answer.answered
    assert answer.notice.endswith("no sentence of the documents answers by itself.")


def test_a_failure_costs_the_next_question_no_time(writer, server):
    bot = writer(llm_seconds=1)
    server.script = [waits()]
    steps(bot)
    start = time.monotonic()
    *_, answer = steps(bot)
    assert time.monotonic() - start < 0.5
    assert "took more than 1 seconds" in answer.notice
    assert len(server.requests) == 1


# ------------------------------------------------------------------ whether it is asked


def test_without_a_language_model_there_is_one_answer(seed_bot, plain):
    assert steps(seed_bot) == [plain]
    assert seed_bot.language_model is None


def test_what_the_documents_hardly_speak_of_is_not_asked(writer, server):
    bot = writer(llm_min_confidence=0.99)
    assert len(steps(bot)) == 1
    assert server.requests == []


def test_searching_evaluating_and_suggesting_ask_no_language_model(writer, server):
    bot = writer()
    bot.find(Ask(QUESTION))
    list(bot.ask_many([Ask(QUESTION), Ask("Who met whom?")]))
    suggest(bot)
    assert server.requests == []


def test_several_threads_are_answered_at_once(writer, server):
    server.script = [says(f"{TRUE} [1].", pause=0.01)]
    bot = writer()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: bot.ask(QUESTION), range(8)))
    assert {answer.text for answer in answers} == {f"{TRUE} [1]."}


@pytest.mark.parametrize("word", ["bb53563b", "the frame's own"])
def test_where_the_frame_of_the_passages_is_repeated_it_ends(writer, server, word):
    def reply(handler):
        frame = re.search(r"--- (\w+)", server.prompt)[1] if " " in word else word
        says(f"{TRUE} [1].\n--- {frame} [1] {TRUE} [1].")(handler)

    server.script = [reply]
    *_, answer = steps(writer())
    assert answer.text == f"{TRUE} [1]."
