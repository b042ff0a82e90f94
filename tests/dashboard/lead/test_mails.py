"""The mails of a lead's page: stored words only, and no more of them than fit."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from assignments.models import Account, Lead, Message
from assignments.services.mail_content import parsed_mail
from assignments.services.mail_content.parse_waiting import parse_texts_of
from dashboard.lead.conversation import LONGEST_OPEN, MAILS_OPEN, MOST_HEADERS
from tests.dashboard.pages import htmx, queries_of
from tests.factories import MONDAY, make_lead, make_message

pytestmark = pytest.mark.usefixtures("manager")

OPEN_LEAD = "assignments.tasks.open_lead"


@pytest.fixture
def lead() -> Lead:
    return make_lead(thread_at=timezone.now())


def make_thread(lead: Lead, count: int, *, body: str = "") -> list[Message]:
    """Mails of one a minute, the oldest first."""
    return [
        make_message(
            lead,
            f"<p>Words of mail {number}.</p>{body}",
            sender=f"sender-{number}@example.com",
            at=MONDAY + timedelta(minutes=number),
        )
        for number in range(count)
    ]


def page_of(client, lead: Lead, query: str = "") -> str:
    return client.get(f"/leads/{lead.pk}/{query}").content.decode()


def fragment_of(client, lead: Lead, mail: Message) -> str:
    address = f"/leads/{lead.pk}/?mail={mail.pk}"
    return client.get(address, headers=htmx(f"mail-{mail.pk}")).content.decode()


class TestAMailThatIsNotParsedYet:
    @pytest.fixture
    def mail(self, lead) -> Message:
        return make_message(lead, "<p>Secret sauce</p>", parser_version=0)

    @pytest.mark.parametrize("query", ["", "?mail={}"])
    def test_is_never_parsed_in_the_request(
        self, client, lead, mail, monkeypatch, query
    ):
        def parse(*_: object) -> None:
            raise AssertionError("A page has parsed a mail.")

        monkeypatch.setattr(parsed_mail, "parse_mail", parse)

        response = client.get(f"/leads/{lead.pk}/{query.format(mail.pk)}")

        assertContains(response, "This mail is still being read.")
        assertNotContains(response, "Secret sauce")

    def test_is_asked_for_and_polled_until_it_is_there(
        self, client, lead, mail, queued, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            response = client.get(f"/leads/{lead.pk}/")

        assert (OPEN_LEAD, lead.pk) in queued
        assertContains(response, 'hx-trigger="every 2s"')
        assertNotContains(response, "Fetching the newest messages")

    def test_is_polled_while_smartlead_is_down_too(self, client, lead, mail):
        Lead.objects.update(gone_at=MONDAY)

        response = client.get(f"/leads/{lead.pk}/")

        assertContains(response, 'hx-trigger="every 2s"')

    def test_in_a_long_thread_shows_in_its_header(self, client, lead):
        make_message(lead, at=MONDAY - timedelta(days=1), parser_version=0)
        make_thread(lead, MAILS_OPEN)

        assertContains(
            client.get(f"/leads/{lead.pk}/"), "This mail is still being read."
        )


class TestThePoll:
    @pytest.fixture
    def awaited(self, lead) -> Lead:
        lead.thread_at = None
        lead.save()
        return lead

    def poll(self, client, lead):
        section = client.get(f"/leads/{lead.pk}/").content.decode()
        address = re.search(r'hx-get="(/leads/[^"]*seen=[^"]*)"', section)[1]
        return lambda: client.get(unescape(address), headers=htmx("thread"))

    def test_leaves_the_page_alone_while_nothing_is_new(self, client, awaited):
        make_message(awaited)

        assert self.poll(client, awaited)().status_code == 204

    @pytest.mark.parametrize("what", ["mail", "parsed", "outage"])
    def test_brings_what_is_new(self, client, awaited, what):
        mail = make_message(awaited, parser_version=0)
        ask = self.poll(client, awaited)

        if what == "mail":
            make_message(awaited)
        elif what == "parsed":
            parse_texts_of(mail.lead_id)
        else:
            at = timezone.now()
            Account.objects.update(
                outage_since=at, outage_sentence="It is down.", probe_at=at
            )

        assertContains(ask(), 'id="thread"')


class TestContent:
    def test_of_a_mail_that_could_not_be_parsed_is_a_way_to_smartlead(
        self, client, lead
    ):
        make_message(lead, "", is_unreadable=True)

        response = client.get(f"/leads/{lead.pk}/")

        assertContains(response, "This mail could not be shown here.")
        assertContains(response, "Open it in Smartlead.")

    @pytest.mark.parametrize(
        ("cut", "sentence"),
        [
            (1200, "The last 1,200 characters of this mail are not shown here."),
            (1, "The last 1 character of this mail is not shown here."),
        ],
    )
    def test_says_what_is_cut(self, client, lead, cut, sentence):
        make_message(lead, characters_cut=cut)

        page = " ".join(page_of(client, lead).split())

        assert sentence in page
        assert "Open it in Smartlead." in page

    def test_without_words_says_so_with_its_files(self, client, lead):
        files = [{"name": name} for name in ("a.pdf", "b\u202efdp.exe", "c.pdf")]
        make_message(lead, "", attachments=files)

        page = page_of(client, lead)

        assert "replied without text: a.pdf and 2 more files" in page
        assert "<bdi>bfdp.exe</bdi>" in page
        assert "\u202e" not in page

    def test_too_long_to_open_shows_its_beginning_and_a_way_to_the_rest(
        self, client, lead
    ):
        words = "word " * 12 + "end"
        mail = make_message(lead, "<p>First words.</p>" + f"<p>{words}</p>" * 2_000)
        assert len(mail.display_html) > LONGEST_OPEN

        page = page_of(client, lead)

        assert "First words." in page
        assert "Show all of this mail" in page
        assert len(page) < LONGEST_OPEN
        for whole in (
            page_of(client, lead, f"?mail={mail.pk}"),
            fragment_of(client, lead, mail),
        ):
            assert whole.count(f'<p dir="auto">{words}</p>') == 2_000
            assert "Show all of this mail" not in whole


class TestALongThread:
    def test_opens_the_newest_mails_and_gives_one_line_for_earlier_ones(
        self, client, lead
    ):
        make_thread(lead, 5)

        page = page_of(client, lead)

        assert "2 earlier messages" in page
        earlier, newest = page.split("</details>")
        assert "sender-1@example.com" in earlier
        assert '<p dir="auto">Words of mail 1.' not in earlier
        assert "Words of mail 1." in earlier
        assert newest.count('<p dir="auto">Words of mail') == MAILS_OPEN
        assert newest.index("mail 2.") < newest.index("mail 4.")

    def test_costs_no_more_queries_than_one_mail(self, client, lead):
        make_thread(lead, 1)
        page_of(client, lead)
        one = queries_of(lambda: page_of(client, lead))
        make_thread(lead, 99)

        assert queries_of(lambda: page_of(client, lead)) == one

    def test_of_large_mails_is_a_small_page(self, client, lead):
        make_thread(lead, 1)
        small = len(page_of(client, lead))
        for mail in make_thread(lead, 100):
            mail.display_html = "<p>x</p>" * 50_000
            mail.body_html = mail.display_html
            mail.save()

        assert len(page_of(client, lead)) < small + 100_000

    def test_loads_no_content_that_it_does_not_show(self, client, lead):
        make_thread(lead, 10)

        with CaptureQueriesContext(connection) as queries:
            page_of(client, lead)

        contents = [one["sql"] for one in queries if '"own_text"' in one["sql"]]
        assert len(contents) == 1
        assert f"LIMIT {MAILS_OPEN}" in contents[0]
        assert not any('"body_html"' in one["sql"] for one in queries)

    def test_opens_an_earlier_mail_in_its_place(self, client, lead):
        mail = make_thread(lead, 5)[1]

        fragment = fragment_of(client, lead, mail)

        assert '<p dir="auto">Words of mail 1.</p>' in fragment
        assert "<html" not in fragment
        assert f'id="mail-{mail.pk}"' in fragment

    @pytest.mark.parametrize("number", [0, 40, 95, 99])
    def test_opens_any_mail_without_javascript(self, client, lead, number):
        mail = make_thread(lead, 100)[number]

        page = page_of(client, lead, f"?mail={mail.pk}&list=status%3Dunread")

        assert page.count(f'<p dir="auto">Words of mail {number}.</p>') == 1
        assert page.count(f'id="mail-{mail.pk}"') == 1
        assert page.count("autofocus") == 1
        assert ("Show later messages" in page) == (
            number < 100 - MAILS_OPEN - MOST_HEADERS
        )

    def test_shows_so_many_headers_and_still_earlier_ones_on_demand(self, client, lead):
        mails = make_thread(lead, MAILS_OPEN + 2 * MOST_HEADERS + 1)

        page = page_of(client, lead)
        assert page.count('class="mail-header"') == MOST_HEADERS
        first = mails[-MAILS_OPEN - MOST_HEADERS]
        assert f"?before={first.pk}" in page

        more = client.get(
            f"/leads/{lead.pk}/?before={first.pk}", headers=htmx("earlier")
        ).content.decode()
        assert more.count('class="mail-header"') == MOST_HEADERS
        assert "<html" not in more

        second = mails[1]
        rest = page_of(client, lead, f"?before={second.pk}")
        assert rest.count('class="mail-header"') == 1
        assert "sender-0@example.com" in rest
        assert "Show earlier messages" not in rest
        assert "Show later messages" in rest
        assert "Show later messages" not in page

    def test_puts_mails_without_a_time_first_and_loses_none(self, client, lead):
        undated = [make_message(lead, at=None) for _ in range(MOST_HEADERS + 1)]
        dated = make_thread(lead, MAILS_OPEN)

        page = page_of(client, lead)
        before = undated[1]
        rest = page_of(client, lead, f"?before={before.pk}")

        assert f"?before={before.pk}" in page
        assert f'id="mail-{undated[0].pk}"' in rest
        assert all(f'id="mail-{mail.pk}"' in page for mail in dated)

    @pytest.mark.parametrize("number", ["x", "-1", "0", "9" * 5000, "²", "1.5"])
    @pytest.mark.parametrize("name", ["mail", "before"])
    def test_knows_no_mail_of_a_strange_number(self, client, lead, name, number):
        response = client.get(f"/leads/{lead.pk}/", {name: number})

        assert response.status_code == 404

    def test_shows_no_mail_of_another_lead(self, client, lead):
        other = make_message(make_lead(), "<p>Not yours</p>")

        for headers in ({}, htmx(f"mail-{other.pk}")):
            response = client.get(f"/leads/{lead.pk}/?mail={other.pk}", headers=headers)
            assert response.status_code == 404
