import pytest

from assignments.services.texts import plain, preview


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<p>One</p><p>Two<br>three</p>", "One Two three"),
        ("Fish &amp; chips &lt;3", "Fish & chips <3"),
        ("<style>p {color: red}</style>Hi<script>alert(1)</script>", "Hi"),
        ("<p>Well<blockquote>What you wrote</blockquote>", "Well"),
        ("Yes<div class='x gmail_quote'>On Monday …</div>", "Yes"),
        (
            "Fine.<br>On Mon, 3 May 2026 at 10:00, Ana &lt;a@b.c&gt; wrote:<br>Hi",
            "Fine.",
        ),
        ("Danke<br>Am 3. Mai 2026 schrieb Ana: Hallo", "Danke"),
        ("Merci<br>Le 3 mai 2026, Ana a écrit : Bonjour", "Merci"),
        ("Hej! Den 19.11.2026 skrev Ben: Hej", "Hej!"),
        ("Dobrze. W dniu 19.11 Ben napisał(a): Czy", "Dobrze."),
        ("Yes.<br>Sent from my iPhone<blockquote>Hi</blockquote>", "Yes."),
        ("Sure\n> What about Monday?\n> Ana", "Sure"),
        ("Ok -----Original Message----- From: Ana", "Ok"),
        ("<blockquote>Only a quote</blockquote>", "Only a quote"),
        ("", ""),
    ],
)
def test_a_preview_is_what_the_writer_wrote_without_what_they_quote(body, expected):
    assert preview(body) == expected


def test_markup_that_was_escaped_stays_text():
    assert plain("&lt;img src=x onerror=alert(1)&gt;") == "<img src=x onerror=alert(1)>"


@pytest.mark.parametrize("hostile", ["On ", "<div ", "From: ", "<", "> \n"])
def test_a_mail_made_to_be_slow_is_not(hostile):
    assert len(preview(hostile * 100_000)) <= 20_000
