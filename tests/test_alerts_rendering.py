"""Messages as mail, as text and for chat: all that they hold is there, nothing else is, and neither is ever too large."""

import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import product

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from alerts.harmless import harmless, line, lines, web_link
from alerts.message import Cell, Entries, Entry, Facts, Kind, Message, Picture, Table, Verbatim
from alerts.palette import BADGES, DARK, LIGHT
from alerts.plain_text import block_text, columns_of
from alerts.rendering import brief_of, html_of, text_of
from hubs.names import UNPRINTABLE
from tests.messages import (
    CHANGE,
    CONFIRM_URL,
    FAILURE,
    ID,
    LONG_NAME,
    MESSAGES,
    NASTY,
    PLOT,
    TEST,
    hostile_message,
    message_of_many,
    parcel_of,
)

each_message = pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES.keys())
each_size = pytest.mark.parametrize(
    "message",
    [
        message_of_many(500),
        message_of_many(500, LONG_NAME),
        hostile_message(LONG_NAME * 10),
        hostile_message("'" * 90_000),
        replace(CHANGE, blocks=CHANGE.blocks * 60),
    ],
    ids=["many", "many-long", "long", "quotes", "many-blocks"],
)


class Document(HTMLParser):
    """What a mail program makes of HTML: elements with their attributes, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def told(self) -> str:
        """All that a reader can get at, by eye or by ear."""
        attributes = [
            v for _, each in self.elements for n, v in each.items() if n in ("alt", "href")
        ]
        return "\n".join([self.text, *map(str, attributes)])


def told_in(message: Message) -> Iterator[str]:
    """Give every fact of a message."""
    yield from (message.conclusion, message.link)
    for block in message.blocks:
        match block:
            case Entries():
                yield block.title
                for entry in block.entries:
                    yield from (entry.text, entry.word, entry.link, *entry.details)
            case Table():
                yield from (block.title, *block.columns)
                yield from (cell.text for row in block.rows for cell in row)
            case Facts():
                yield block.title
                yield from (text for pair in block.pairs for text in pair)
            case Verbatim():
                yield from (block.title, *block.text.split("\n"))
            case Picture():
                yield block.alt


def in_words(text: str) -> str:
    return " ".join(text.split())


def untold(message: Message, shown: str) -> list[str]:
    shown = in_words(shown)
    return [fact for fact in told_in(message) if in_words(fact) not in shown]


def odd_characters(text: str) -> set[str]:
    return {one for one in text if unicodedata.category(one) in UNPRINTABLE} - {"\n"}


# --- What is told ------------------------------------------------------------------------------


def test_there_is_an_example_of_each_kind() -> None:
    assert {message.kind for message in MESSAGES.values()} == set(Kind)


@each_message
def test_the_text_holds_every_fact(message: Message) -> None:
    assert untold(message, text_of(parcel_of(message))) == []


@each_message
def test_the_mail_holds_every_fact(message: Message) -> None:
    assert untold(message, Document(html_of(parcel_of(message))).told) == []


@each_message
def test_the_text_begins_with_the_conclusion(message: Message) -> None:
    state = f"[{message.tone}] " if message.tone else ""

    assert in_words(text_of(parcel_of(message))).startswith(state + message.conclusion)


names = st.text(max_size=40) | st.text(st.characters(categories=("Cs", "Cf", "Cc")), max_size=9)
cells = st.builds(Cell, names, names)
blocks = st.one_of(
    st.builds(
        Entries, names, st.tuples(st.builds(Entry, names, names, names, names, st.tuples(names)))
    ),
    st.builds(Table, names, st.tuples(names, names), st.tuples(st.tuples(cells, cells, cells))),
    st.builds(Facts, names, st.tuples(st.tuples(names, names))),
    st.builds(Verbatim, names, names),
    st.builds(Picture, names, names),
)
messages = st.builds(
    replace,
    st.just(TEST),
    subject=names,
    conclusion=names,
    tone=names,
    link=names,
    blocks=st.lists(blocks, max_size=4).map(tuple),
)


@given(messages)
def test_whatever_a_message_says_is_shown_and_can_be_sent(message: Message) -> None:
    parcel, shown = parcel_of(message), harmless(message)

    text, html, brief = text_of(parcel), html_of(parcel), brief_of(parcel)

    assert untold(shown, text) == untold(shown, Document(html).told) == []
    assert odd_characters(text + html + brief) == set()
    assert (text + html + brief).encode()


@each_message
def test_the_foot_says_why_and_which(message: Message) -> None:
    parcel = parcel_of(message)

    for shown in (text_of(parcel), Document(html_of(parcel)).text):
        assert "leads to ops@example.org." in in_words(shown)
        assert str(ID) in shown


def test_a_reader_who_is_asked_can_confirm() -> None:
    parcel = parcel_of(CHANGE, confirm_url=CONFIRM_URL)

    assert f": {CONFIRM_URL}\n" in text_of(parcel)
    assert CONFIRM_URL in [link["href"] for link in Document(html_of(parcel)).all("a")]


def test_a_reader_who_is_not_asked_sees_nothing_of_it() -> None:
    parcel = parcel_of(CHANGE, confirm_url="")

    assert "onfirm" not in text_of(parcel) + html_of(parcel)


def test_the_address_of_a_channel_is_never_shown() -> None:
    parcel = parcel_of(
        CHANGE, url="https://hooks.example.org/s3cret", secrets=("s3cret",), recipient=""
    )

    assert "s3cret" not in text_of(parcel) + html_of(parcel) + brief_of(parcel)


# --- Plain text --------------------------------------------------------------------------------


def test_sentences_keep_to_78_columns() -> None:
    entry = Entry("word " * 100, "new alarm", details=("some more words of it " * 20,))

    text = text_of(
        parcel_of(
            replace(TEST, conclusion="so it is " * 30, blocks=(Entries("New", (entry,)),), link="")
        )
    )

    assert [each for each in text.splitlines() if len(each) > 78 and "://" not in each] == []


@each_message
def test_what_may_be_copied_is_never_broken(message: Message) -> None:
    whole = [
        each
        for block in message.blocks
        if isinstance(block, Verbatim)
        for each in block.text.splitlines()
    ]
    whole += [
        value for block in message.blocks if isinstance(block, Facts) for _, value in block.pairs
    ]

    shown = text_of(parcel_of(message)).splitlines()

    assert [
        each for each in [*whole, message.link] if not any(one.endswith(each) for one in shown)
    ] == []


def test_an_entry_has_its_word_before_it_and_its_details_beneath() -> None:
    entry = Entry(
        "repos/env is overdue", "new alarm", link="https://x.example/1", details=("for 31h",)
    )

    text = block_text(Entries("New", (entry,)))

    assert (
        text == "New\n---\n[new alarm] repos/env is overdue\n    for 31h\n    https://x.example/1"
    )


def test_a_narrow_table_is_aligned() -> None:
    table = Table(
        "Hubs", ("Hub", "State"), ((Cell("山大"), Cell("ok")), (Cell("C2"), Cell("alarm")))
    )

    assert block_text(table).splitlines()[2:] == [
        "Hub   State",
        "----  -----",
        "山大  ok",
        "C2    alarm",
    ]


def test_a_wide_table_becomes_names_and_values() -> None:
    table = Table("Hubs", ("Hub", "Path"), ((Cell("C2"), Cell("/data" * 20)),))

    assert block_text(table).splitlines()[2:] == ["Hub: C2", "  Path", f"      {'/data' * 20}"]


def test_facts_are_aligned_and_a_long_one_stands_beneath_its_name() -> None:
    text = block_text(Facts("", (("Node", "C"), ("User", "scm"), ("Command", "c" * 90))))

    assert text.splitlines() == ["Node     C", "User     scm", "Command", f"    {'c' * 90}"]


def test_an_ideograph_takes_two_columns_and_an_accent_none() -> None:
    assert [columns_of(text) for text in ("ab", "山大", "e\N{COMBINING ACUTE ACCENT}")] == [2, 4, 1]


# --- HTML --------------------------------------------------------------------------------------


@each_message
def test_a_mail_loads_nothing(message: Message) -> None:
    html = html_of(parcel_of(message))
    elements = Document(html).elements

    loading = {
        "script",
        "link",
        "iframe",
        "object",
        "embed",
        "form",
        "base",
        "svg",
        "video",
        "audio",
    }
    assert loading.isdisjoint(tag for tag, _ in elements)
    assert [one["src"] for tag, one in elements if "src" in one] == [
        f"cid:{block.name}@scmmon" for block in message.blocks if isinstance(block, Picture)
    ]
    assert not re.search(r"url\(|@import|@font-face|background=|srcset=|\son\w+=", html)


@each_message
def test_a_mail_can_be_read_aloud(message: Message) -> None:
    document = Document(html_of(parcel_of(message)))

    assert document.all("html") == [{"lang": "en-GB", "dir": "ltr"}]
    assert len(document.all("h1")) == len(document.all("title")) == 1
    assert all(cell["scope"] in ("col", "row") for cell in document.all("th"))
    tables = document.all("table")
    assert all(
        table.get("role") == "presentation" or "stacks" in str(table["class"]) for table in tables
    )


def test_a_picture_has_its_words_and_its_size() -> None:
    (picture,) = Document(html_of(parcel_of(CHANGE))).all("img")

    assert (picture["alt"], picture["width"], picture["height"]) == (PLOT.alt, "600", "340")


def test_a_picture_that_could_not_be_drawn_is_told_in_words() -> None:
    document = Document(html_of(parcel_of(CHANGE, pictures={})))

    assert document.all("img") == []
    assert PLOT.alt in document.text


def test_a_mail_asks_for_both_themes() -> None:
    metas = {
        meta.get("name"): meta.get("content")
        for meta in Document(html_of(parcel_of(TEST))).all("meta")
    }

    assert metas["color-scheme"] == metas["supported-color-schemes"] == "light dark"


def test_a_tone_that_is_not_known_is_grey() -> None:
    assert LIGHT["none"] in html_of(parcel_of(replace(TEST, tone="purple")))


# --- Hostile texts -----------------------------------------------------------------------------


def test_a_hostile_message_has_the_elements_of_a_tame_one() -> None:
    hostile, tame = (
        Document(html_of(parcel_of(hostile_message(text)))) for text in (NASTY, "quite tame")
    )

    assert [tag for tag, _ in hostile.elements] == [tag for tag, _ in tame.elements]
    assert [set(one) for _, one in hostile.elements] == [set(one) for _, one in tame.elements]


def test_a_hostile_message_shows_what_it_hides() -> None:
    parcel = parcel_of(hostile_message())

    for shown in (text_of(parcel), html_of(parcel), brief_of(parcel)):
        assert odd_characters(shown) == set()
        assert "\\x1b[31m\\x00\\x202egnp.exe\\x2066\\x200b\\xdc80\\xd800" in shown


def test_a_line_stays_one_and_a_verbatim_text_keeps_its_lines() -> None:
    assert line("a\r\nb\tc") == "a  b c"
    assert lines("a\r\nb\tc\rd\u2028e") == "a\nb       c d\\x2028e"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://x.example/a?b=%20c&d#e", "https://x.example/a?b=%20c&d#e"),
        ('https://x.example/"><b>\n\u202e\udc80', "https://x.example/%22%3E%3Cb%3E%0A%E2%80%AE?"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("/hubs/C2/", ""),
        (f"https://x.example/{LONG_NAME}", ""),
    ],
)
def test_a_link_leads_to_a_web_page_or_nowhere(url: str, shown: str) -> None:
    assert web_link(url) == shown


# --- Size --------------------------------------------------------------------------------------


@each_size
def test_neither_part_is_too_large_for_mail_programs(message: Message) -> None:
    parcel = parcel_of(message)

    assert max(len(text_of(parcel).encode()), len(html_of(parcel).encode())) <= 100_000


@each_size
def test_a_message_for_chat_is_short(message: Message) -> None:
    assert len(brief_of(parcel_of(message))) <= 1_500


def test_of_many_entries_the_first_are_shown_and_the_others_counted() -> None:
    parcel = parcel_of(message_of_many(500))

    for shown in (text_of(parcel), Document(html_of(parcel)).text):
        assert [int(number) for number in re.findall(r"new alarm (\d+)", shown)] == list(range(30))
        assert "470 more are not shown here. The page has all of them." in shown


def test_of_a_long_printed_text_both_ends_are_shown() -> None:
    printed = Verbatim("Traceback", "Traceback\n" + "a line\n" * 20_000 + "OSError: the end")

    text = text_of(parcel_of(replace(FAILURE, blocks=(printed,))))

    assert "    Traceback\n" in text
    assert re.search(r"… [\d,]+ characters are left out here …", text)
    assert "OSError: the end" in text


# --- Chat --------------------------------------------------------------------------------------


def test_a_message_for_chat_is_the_conclusion_the_entries_and_the_link() -> None:
    first, *entries, link = brief_of(parcel_of(CHANGE)).splitlines()

    assert first == f"[alarm] {CHANGE.conclusion}"
    assert [entry.partition(":")[0] for entry in entries] == [
        "- new alarm",
        "- new notice",
        "- over after 16h 2m",
        "- warn for 3d 4h",
    ]
    assert link == CHANGE.link


def test_a_message_for_chat_counts_the_entries_that_it_leaves_out() -> None:
    told = brief_of(parcel_of(message_of_many(500))).splitlines()

    assert sum(each.startswith("- ") for each in told) == 10
    assert told[-2] == "… and 492 more"  # one was over, and one is open besides


@pytest.mark.parametrize("call", ["@everyone", "(@here", "<!channel>", "<@U12AB>", "<#C12AB>"])
def test_a_name_cannot_call_the_people_of_a_chat(call: str) -> None:
    brief = brief_of(parcel_of(replace(TEST, conclusion=f"svn/{call} of scm@host is late.")))

    assert call not in brief
    assert "scm@host" in brief


# --- Looks -------------------------------------------------------------------------------------


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("tone", BADGES)
def test_a_tone_can_be_read_wherever_it_stands(tone: str, theme: dict[str, str]) -> None:
    pairs = [
        *product([tone], [f"{tone}_tint", "surface", "page"]),
        ("ink", f"{tone}_tint"),
        ("ink", "sunken"),
        ("ink_soft", "sunken"),
        ("ink_soft", "page"),
    ]

    assert [pair for pair in pairs if contrast(theme[pair[0]], theme[pair[1]]) < 4.5] == []


def test_tones_differ_by_shape() -> None:
    assert len({badge.shape for badge in BADGES.values()}) == len(BADGES)


@pytest.mark.parametrize(("part", "theme"), [(0, LIGHT), (1, DARK)], ids=["light", "dark"])
def test_colours_are_those_of_the_pages(part: int, theme: dict[str, str]) -> None:
    sheet = (settings.BASE_DIR / "static/dashboard/tokens.css").read_text()
    roots = re.findall(r":root \{(.*?)\}", sheet, re.DOTALL)
    tokens = dict(re.findall(r"--([\w-]+): (#\w+);", roots[part]))
    of_pages = {"notice": "transfer", "none": "planned"}

    for name, colour in theme.items():
        tone, _, tint = name.partition("_")
        token = "-".join(filter(None, [of_pages.get(tone, tone), tint]))
        assert (name, tokens[token]) == (name, colour)


# --- Docs --------------------------------------------------------------------------------------


def test_the_examples_in_the_docs_are_what_is_rendered_today() -> None:
    checked = subprocess.run(
        [sys.executable, "scripts/message_examples.py", "--check"],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
    )

    assert (checked.returncode, checked.stderr) == (0, "")
