import re

import pytest

from assignments.services.mail_content.parse import parse_mail
from dashboard.lead.conversation import notes_of
from tests.factories import MONDAY, make_assignment, make_lead, make_member

HOSTILE = [
    "<script>alert(1)</script>Hi",
    "<img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href=" JaVaScRiPt:alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<a href="//evil.test/x">x</a>',
    '<a href="/settings/users/">x</a>',
    "<svg onload=alert(1)><use href='#x'/></svg>",
    "<iframe src=https://evil.test></iframe>",
    "<form action=/accounts/logout/ method=post><button>Read more</button></form>",
    "<style>body{display:none}</style><p style='position:fixed'>x</p>",
    '<p class="banner" id="messages" hx-get="/banner/" data-opens="picker">x</p>',
    '<img alt="<script>alert(1)</script>">',
    '<img alt="&lt;script&gt;alert(1)&lt;/script&gt;">',
    '<img alt="&quot;><script>alert(1)</script>">',
    '<a href="https://x.test/<img>">x</a>',
    '<a href="https://x.test/</blockquote><script>">x</a>',
    "<math><mtext></p><style><img src onerror=alert(1)>",
    "<meta http-equiv=refresh content='0;url=https://evil.test'>",
    "<base href='https://evil.test/'>",
    '<a href="http://[bad">x</a>',
    "<link rel=stylesheet href=https://evil.test/x.css>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<h1>Error 500</h1>",
    "plain <b text & no end",
]
ALLOWED = re.compile(
    r"<(?!/?(?:a|b|blockquote|br|code|div|em|hr|i|li|ol|p|pre|s|span|strong|sub|sup|"
    r"table|tbody|td|tfoot|th|thead|tr|u|ul|details|summary)[ >])",
)
ATTRIBUTES = re.compile(r"<[a-z]+ ([^>]*)>")


@pytest.mark.parametrize("body", HOSTILE)
def test_nothing_that_runs_loads_or_poses_gets_through(body):
    html = parse_mail(body).display_html

    assert not ALLOWED.search(html)
    assert "alert(1)<" not in html.replace("&lt;", "") or "<script" not in html
    for attributes in ATTRIBUTES.findall(html):
        assert re.fullmatch(
            r'(?:(?:href="(?:https?|mailto):[^"<>]*"|target="_blank"|dir="auto"|'
            r'rel="noopener noreferrer nofollow") ?)+',
            attributes,
        )


def test_images_become_words_and_are_counted():
    body = parse_mail('<p>Hi<img src="https://t.test/pixel" alt="Logo"><img src=x></p>')

    assert body.images == 2
    assert "[image: Logo]" in body.display_html
    assert "pixel" not in body.display_html


def test_links_lead_out_and_tell_nothing():
    html = parse_mail('<a href="https://x.test/a?b=1">here</a>').display_html

    assert 'rel="noopener noreferrer nofollow"' in html
    assert 'target="_blank"' in html


def test_quoted_text_is_folded_once():
    html = parse_mail(
        "<p>Yes</p><blockquote>a<blockquote>b</blockquote></blockquote>"
    ).display_html

    assert html.count("<details>") == 1
    assert html.count("</details>") == 1


def test_plain_text_keeps_its_lines_and_folds_what_it_quotes():
    html = parse_mail("Yes & no\n> Would you?\n> Really?\nBest").display_html

    assert "Yes &amp; no<" in html
    assert "&gt; Would you?<br>&gt; Really?" in html
    assert html.count("<details>") == 1
    assert html.index("Best") > html.index("</details>")


def test_a_heading_of_a_mail_is_no_heading_of_the_page():
    assert "<h1>" not in parse_mail("<h1>Sale</h1>").display_html


@pytest.mark.django_db
class TestNotes:
    def note(self, **fields):
        lead = make_lead()
        change = make_assignment(lead, make_member())
        change.notes.create(
            lead=lead,
            text="Our words",
            reference="H-1",
            created_at=MONDAY,
            **fields,
        )
        return lead

    def test_ours_read_back_is_not_shown_twice(self):
        lead = self.note()
        lead.smartlead_notes.create(smartlead_id=1, text="Our words\n\nSara · H-1")

        assert [note.text for note in notes_of(lead)] == ["Our words"]

    def test_theirs_stand_beside_ours_in_order(self):
        lead = self.note()
        lead.smartlead_notes.create(smartlead_id=1, text="Theirs, undated")

        assert [note.text for note in notes_of(lead)] == [
            "Our words",
            "Theirs, undated",
        ]
