"""Works every number of the figures' pages out again, and compares.

`python -m tests.trials.recount --site http://localhost:8000 --sandbox PORT` reads a
running demo: the sandbox's API, the exports, the pages; it imports nothing of Handoff.
`--first-day`, `--last-day`: the period. Prints a line for each difference; exit code 1.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import httpx

from tests.trials.recount_figures import (
    MemberFigures,
    Numbers,
    answer_numbers,
    figures_by_member,
)
from tests.trials.recount_sources import (
    HandoffReader,
    RecountData,
    SmartleadReader,
    read_data,
)
from tests.trials.recount_workload import RecountedLoad, workload

DAY = timedelta(days=1)
CSV_COLUMNS = {
    "Leads": "leads", "Replied": "replied", "Interested": "interested",
    "Reply rate": "reply_rate", "Interest rate": "interest_rate",
    "Assigned": "assigned", "Taken over": "taken_over", "Handed over": "handed_over",
    "Answers": "answered", "Median minutes": "median", "90 % within minutes": "p90",
    "With target": "promised", "SLA kept": "kept", "SLA kept rate": "kept_rate",
    "Waiting now": "waiting", "Overdue now": "overdue",
    "Answers while covering": "covering",
    "Median minutes while covering": "covering_median",
}  # fmt: skip


class FigureParser(HTMLParser):
    """Parses the `<data>` of a page, grouped by table row or list."""

    def __init__(self) -> None:
        super().__init__()
        self.groups: dict[str, dict[str, str]] = {}
        self._group: dict[str, str] = {}

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag in {"tr", "dl"}:
            name = given.get("data-first") or given.get("class") or ""
            span = (given.get("data-step"), name, given.get("data-last"))
            self._group = {}
            self.groups[" ".join(filter(None, span)) or f"row {len(self.groups)}"] = (
                self._group
            )
        elif tag == "a" and (found := re.match(r"/team/(\d+)/", given.get("href", ""))):
            self._group.setdefault("member", found[1])
        elif tag == "data":
            self._group[given["class"].split()[-1]] = given["value"]


class Recount:
    def __init__(
        self,
        handoff: HandoffReader,
        smartlead: SmartleadReader,
        first: date,
        last: date,
        zone: str,
    ) -> None:
        self.handoff, self.zone = handoff, ZoneInfo(zone)
        self.days = f"from={first}&to={last}"
        starts, ends = self.span(first, last)
        self.data: RecountData = read_data(smartlead, handoff)
        self.figures = figures_by_member(self.data, starts, ends, datetime.now(UTC))
        self.compared = 0

    def span(self, first: date, last: date) -> tuple[datetime, datetime]:
        midnight = time(tzinfo=self.zone)
        return datetime.combine(first, midnight), datetime.combine(last + DAY, midnight)

    def differences(self) -> Iterator[str]:
        yield from self._csv()
        yield from self._table()
        yield from self._workload()

    def numbers(self, member: str) -> Numbers:
        if member:
            return self.figures.get(int(member), MemberFigures()).numbers()
        total = MemberFigures()
        for figures in self.figures.values():
            total.add(figures)
        return total.numbers()

    def _csv(self) -> Iterator[str]:
        for row in self.handoff.rows(f"/team/performance.csv?{self.days}"):
            shown = {name: row[column] for column, name in CSV_COLUMNS.items()}
            wanted = self.numbers(row["Member id"])
            yield from self._differing(f"CSV, {row['Member']}", shown, wanted)

    def _table(self) -> Iterator[str]:
        for row in _figure_rows(self.handoff.page(f"/team/performance/?{self.days}")):
            member = row.pop("member", "")
            wanted = self.numbers(member)
            yield from self._differing(f"table, {member or 'all'}", row, wanted)
            if member:
                yield from self._member(member, wanted)

    def _member(self, member: str, wanted: Numbers) -> Iterator[str]:
        page = FigureParser()
        page.feed(self.handoff.page(f"/team/{member}/?{self.days}"))
        tiles = page.groups.pop("tiles")
        yield from self._differing(f"member {member}", tiles, wanted)
        for name, shown in page.groups.items():
            if name.startswith(("week", "month")):
                first, last = map(date.fromisoformat, name.split()[1:])
                wanted = self._step(int(member), *self.span(first, last))
                yield from self._differing(f"member {member}, {name}", shown, wanted)

    def _workload(self) -> Iterator[str]:
        page = FigureParser()
        page.feed(self.handoff.page("/team/"))
        loads = workload(self.data, datetime.now(UTC))
        for name, row in page.groups.items():
            if "held" in row or "open" in row:
                member = row.pop("member", "")
                whose = int(member) if member else name
                load = loads.get(whose, RecountedLoad())
                yield from self._differing(f"/team/, {whose}", row, load.numbers())

    def _step(self, member: int, starts: datetime, ends: datetime) -> Numbers:
        figures = figures_by_member(self.data, starts, ends, ends).get(
            member, MemberFigures()
        )
        own = [each for each in figures.answers if not each.is_covering]
        return answer_numbers(own) | {"covering": len(figures.answers) - len(own)}

    def _differing(
        self, where: str, shown: dict[str, str], wanted: Numbers
    ) -> Iterator[str]:
        for name, said in shown.items():
            if name not in wanted:
                continue
            self.compared += 1
            value = float(said) if said else None
            if value != wanted[name]:
                yield f"{where}: {name} is {said or '-'}, recounted {wanted[name]}"


def _figure_rows(page: str) -> list[dict[str, str]]:
    reader = FigureParser()
    reader.feed(page)
    return [group for group in reader.groups.values() if "leads" in group]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.trials.recount")
    parser.add_argument("--site", default="http://localhost:8000")
    parser.add_argument("--sandbox", type=int, required=True, metavar="PORT")
    parser.add_argument("--user", default="sara")
    parser.add_argument("--password", default="handoff-demo")
    parser.add_argument("--key", default="sandbox-key")
    parser.add_argument("--zone", default="UTC")
    today = datetime.now(UTC).date()
    parser.add_argument(
        "--first-day", type=date.fromisoformat, default=today - 89 * DAY
    )
    parser.add_argument("--last-day", type=date.fromisoformat, default=today)
    asked = parser.parse_args()
    api = f"http://127.0.0.1:{asked.sandbox}/api/v1/"
    with httpx.Client(base_url=asked.site) as site, httpx.Client(base_url=api) as there:
        handoff = HandoffReader(site)
        handoff.sign_in(asked.user, asked.password)
        recount = Recount(
            handoff, SmartleadReader(there, asked.key), asked.first_day, asked.last_day,
            asked.zone,
        )  # fmt: skip
        found = list(recount.differences())
    sys.stdout.write("".join(f"{line}\n" for line in found))
    sys.stdout.write(f"{recount.compared} numbers compared, {len(found)} differ.\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
