"""A note that somebody has begun, and leaves for another lead."""

from playwright.sync_api import expect

from assignments.models import Note


def test_a_half_written_note_waits_for_its_lead_and_goes_when_added(office, people):
    for number, name in enumerate(("Lena Lead", "Omar Other")):
        office.lead(name, people(0), number=number)
    page = office.screen()
    page.goto(f"{office.url}/inbox/")
    lena, omar = (
        page.get_by_label(f"Note on {name}") for name in ("Lena Lead", "Omar Other")
    )

    page.get_by_role("link", name="Lena Lead", exact=True).click()
    lena.fill("Call in June.")
    page.get_by_role("link", name="Omar Other", exact=True).click()
    expect(omar).to_have_value("")
    page.get_by_role("link", name="Lena Lead", exact=True).click()
    expect(lena).to_have_value("Call in June.")

    page.get_by_role("button", name="Add note").click()
    expect(page.get_by_role("listitem").filter(has_text="Call in")).to_be_visible()
    expect(lena).to_have_value("")
    assert Note.objects.get().text == "Call in June."
    page.reload()
    expect(lena).to_have_value("")
