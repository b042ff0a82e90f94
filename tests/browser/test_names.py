"""Names of any length and direction: nothing grows too wide, nobody turns a neighbour."""

import pytest
from django.utils import timezone

from assignments.models import Lead, LeadNote, Member, Message, SavedView
from assignments.models.people import Team
from tests.factories import (
    MONDAY,
    make_assignment,
    make_batch,
    make_campaign,
    make_category,
    make_coverage,
    make_lead,
    make_member,
    make_notification,
    make_plan,
    make_rule,
    make_table,
    make_target,
    make_user,
)

# What sticks out of a box that cannot be scrolled sideways, by its innermost part.
TOO_WIDE = """
() => [...document.querySelectorAll("html, body, main, .sheet, .list, .panel, .scroll")]
  .filter((box) => box.checkVisibility() && box.scrollWidth > box.clientWidth)
  .flatMap((box) => {
    const limit = box.getBoundingClientRect().right + 1;
    const isCut = (one) =>
      one !== box &&
      (getComputedStyle(one).overflowX !== "visible" || isCut(one.parentElement));
    const sticksOut = (one) =>
      one.checkVisibility() &&
      one.getBoundingClientRect().right > limit &&
      !isCut(one.parentElement);
    return [...box.querySelectorAll("*")]
      .filter((one) => sticksOut(one) && ![...one.children].some(sticksOut))
      .map((one) => {
        const place = one.closest("[class]:not(.i)");
        const named = place ? `${place.tagName}.${place.className} ` : "";
        return named + one.outerHTML.replace(/(Unbroken)+/g, "U").slice(0, 120);
      });
  })
"""


def endless(length: int) -> str:
    return "Unbroken" * (length // 8)


FAMILIES = (
    "/inbox/", "/inbox/views/", "/history/", "/team/", "/team/performance/",
    "/team/rebalance/", "/coverage/", "/coverage/new/", "/batches/", "/routing/",
    "/routing/try/?weeks=4", "/review/?days=1", "/settings/", "/settings/teams/",
    "/settings/users/", "/settings/mappings/", "/notifications/",
    "/notifications/settings/", "/system/", "/accounts/me/",
)  # fmt: skip


@pytest.fixture
def endless_lead(office) -> Lead:
    """A lead whose owner, campaign and own words have no blank in them."""
    at = timezone.now()
    team = Team.objects.create(name=endless(100))
    user = make_user(f"{endless(100)} {endless(144)}", username=endless(144))
    team.team_leads.add(user)
    lead = make_lead(
        f"{endless(200)} {endless(200)}", company=endless(296),
        owner=make_member(endless(200), team=team, user=user, capacity=3),
        campaign=make_campaign(endless(300)), category=make_category(endless(200)),
        email=f"{endless(300)}@a.example", location=endless(296), last_reply_at=at,
        custom_fields={endless(200): endless(400)}, is_unread=True, answer_owed=True,
        answer_due_at=MONDAY, thread_at=at, notes_at=at, last_message=endless(200),
    )  # fmt: skip
    Message.objects.create(
        lead=lead, key="1", direction="reply", sender=endless(320), at=at,
        subject=endless(900), body_html=f"<p>{endless(900)}</p>",
        attachments=[{"name": endless(300)}],
    )  # fmt: skip
    LeadNote.objects.create(
        lead=lead, smartlead_id=1, text=endless(900), author=endless(200)
    )
    return lead


@pytest.fixture
def endless_changes(office, endless_lead) -> list[Lead]:
    """Changes of each outcome, to another member of the owner's team."""
    at, ana = timezone.now(), endless_lead.owner
    email = f"{endless(60)}@a.example"
    ben = make_member(endless(192) + "Ben", team=ana.team, email=email)
    for state in ("refused", "overtaken", "done", "waiting"):
        make_assignment(
            endless_lead if state == "done" else make_lead(endless(200), owner=ana),
            ben, actor=office.manager, state=state, reason=endless(496),
            finished_at=None if state == "waiting" else at, created_at=at,
            outcome="" if state == "waiting" else endless(496),
        )  # fmt: skip
    return list(Lead.objects.all())


@pytest.fixture
def endless_names(office, endless_lead, endless_changes) -> list[str]:
    """The addresses of a page of each family, all with names without a blank."""
    at, lead, ana = timezone.now(), endless_lead, endless_lead.owner
    ben = Member.objects.exclude(pk=ana.pk).get()
    SavedView.objects.create(user=office.manager, name=endless(56), query="q=a")
    make_notification(office.manager, endless(200), text=endless(900))
    batch = make_batch([make_lead(endless(200), owner=ana)], ben, at=at)
    asked = f"filter=&strategy=least_busy&member={ana.pk}&member={ben.pk}"
    plan = make_plan([lead], ana, ben, strategy="least_busy", actor=office.manager,
                     wish={"query": asked})  # fmt: skip
    table = make_table({endless(200): ana}, name=endless(96))
    rule = make_rule(ana, ben, name=endless(96), category=[lead.category],
                     custom={endless(96): [endless(200)]})  # fmt: skip
    target = make_target(90, campaign=lead.campaign, category=lead.category)
    coverage = make_coverage(
        ana, ben, first_day=at.date(), comment=endless(900), start_note=endless(900)
    )
    pages = (
        f"leads/{lead.pk}/", f"leads/{lead.pk}/assign/", f"history/?lead={lead.pk}",
        f"inbox/?campaign={lead.campaign_id}", f"inbox/?q={endless(200)}",
        f"team/{ana.pk}/", f"team/{ana.pk}/leaving/", f"team/{ana.pk}/hours/",
        f"coverage/new/?member={ana.pk}", f"coverage/{coverage.pk}/",
        f"coverage/{coverage.pk}/edit/", f"batches/{batch.pk}/",
        f"batches/{batch.pk}/undo/", f"assign/?lead={lead.pk}",
        f"assign/?plan={plan.pk}", f"routing/{rule.pk}/",
        f"routing/try/?lead={lead.pk}", f"settings/targets/{target.pk}/",
        f"settings/teams/{ana.team_id}/", f"settings/users/{ana.user_id}/",
        f"settings/mappings/{table.pk}/",
    )  # fmt: skip
    return [*FAMILIES, *(f"/{page}" for page in pages)]


@pytest.mark.parametrize("width", [390, 1440])
def test_names_without_a_blank_make_no_page_wider_than_its_screen(
    office, endless_names, width
):
    page = office.screen(width=width)
    too_wide: list[str] = []

    for address in endless_names:
        answer = page.goto(office.url + address)
        assert answer.status == 200, address
        page.evaluate(
            "document.querySelectorAll('details').forEach((one) => one.open = true)"
        )
        too_wide += [f"{address}: {one}" for one in page.evaluate(TOO_WIDE)]

    assert not too_wide, "\n".join(dict.fromkeys(too_wide))


SARA, DAVID = "שרה כהן", "דוד 3"
# Where each of these words begins and ends on the screen, from left to right.
PLACES = """
(box, words) => {
  const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  const places = [];
  while (walker.nextNode()) {
    const text = walker.currentNode;
    for (const word of words) {
      const at = text.data.indexOf(word);
      if (at < 0) continue;
      const range = document.createRange();
      range.setStart(text, at);
      range.setEnd(text, at + word.length);
      const boxes = [...range.getClientRects()];
      places.push([Math.min(...boxes.map((one) => one.left)), word]);
    }
  }
  return places.sort(([one], [other]) => one - other).map(([, word]) => word);
}
"""


@pytest.fixture
def right_to_left(office) -> Lead:
    sara, david, ana = (make_member(name) for name in (SARA, DAVID, "Ana Sousa"))
    lead = make_lead("עומר לוי", owner=sara, company="(חברה) 12", search_text="omer")
    at = timezone.now()
    lead.owner_known_at = lead.last_reply_at = at
    lead.save()
    for to, before in ((ana, sara), (david, ana), (sara, david)):
        make_assignment(
            lead, to, expected=before, actor=office.manager, state="done",
            finished_at=at, created_at=at, reason=f"{before} gave 4 leads to {to}.",
        )  # fmt: skip
    return lead


def test_a_name_from_right_to_left_turns_no_neighbour(office, right_to_left):
    page = office.screen()
    page.goto(f"{office.url}/leads/{right_to_left.pk}/")
    entries = page.locator("#timeline .log > li")

    first, second, third = (
        entries.nth(place).locator(".pair").evaluate(PLACES, ["שרה", "דוד", "→", "Ana"])
        for place in range(3)
    )
    said = entries.nth(0).locator(".why").evaluate(PLACES, ["דוד", "gave 4", "שרה"])

    assert (first, second) == (["דוד", "→", "שרה"], ["Ana", "→", "דוד"])
    assert third == ["שרה", "→", "Ana"]
    assert said == ["דוד", "gave 4", "שרה"]


def test_a_row_keeps_name_company_and_owner_in_their_places(office, right_to_left):
    page = office.screen()
    page.goto(f"{office.url}/inbox/")

    row = page.locator(f"#lead-{right_to_left.pk}")

    assert row.evaluate(PLACES, ["לוי", "עומר", "(חברה)", "12", "שרה"]) == [
        "לוי", "עומר", "12", "(חברה)", "שרה",
    ]  # fmt: skip


def test_a_count_after_a_name_stays_after_it(office, right_to_left):
    page = office.screen()
    page.goto(f"{office.url}/inbox/")

    owners = page.locator("#id_owner option")
    labels = owners.evaluate_all("all => all.map((one) => one.textContent)")

    assert f"\u2068{SARA}\u2069 (1)" in labels


@pytest.mark.parametrize(
    "typed", ["שרה", "sara kohen", "ISTANBUL", "jürgen", "strasse"]
)
def test_a_member_is_found_however_the_name_is_typed(office, typed):
    for name in (SARA, "Sara Kohen", "İstanbul Ofis", "Ju\u0308rgen Straße"):
        make_member(name)
    make_member("Ben Okafor")
    lead = make_lead(owner=None)
    page = office.screen()
    page.goto(f"{office.url}/leads/{lead.pk}/")
    page.locator('#panel [data-opens="picker"]').click()
    field = page.get_by_role("searchbox", name="Find a member")

    field.fill(typed)

    assert page.locator(".pick:visible").count() == 1
    assert field.get_attribute("dir") == "auto"
