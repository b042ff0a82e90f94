import pytest

from assignments.sandbox.fake_smartlead import FakeSmartlead
from assignments.sandbox.rate_limits import ServerRateLimiter
from tests.assignments.sandbox.http_caller import HttpCaller


@pytest.fixture
def sandbox(clock):
    return FakeSmartlead(
        leads=5, clock=clock, ticks=clock, sleep=clock.sleep, limits=[(3, 60), (2, 2)]
    )


class TestWindows:
    def test_the_window_slides(self, clock):
        limiter = ServerRateLimiter([(2, 10)], clock=clock)

        def allowed_at(seconds):
            clock.at = 1000 + seconds
            return limiter.arrive("k").is_allowed

        assert [allowed_at(at) for at in (0, 6, 7, 10, 11, 16)] == [
            True,
            True,
            False,
            True,
            False,
            True,
        ]

    def test_all_windows_count_at_once(self, clock):
        limiter = ServerRateLimiter([(3, 60), (2, 2)], clock=clock)
        allowed = []
        for wait in (0, 0, 0, 2, 2):
            clock.sleep(wait)
            allowed.append(limiter.arrive("k").is_allowed)

        assert allowed == [True, True, False, True, False]

    def test_each_key_has_its_own(self, clock):
        limiter = ServerRateLimiter([(1, 60)], clock=clock)

        assert limiter.arrive("a").is_allowed
        assert limiter.arrive("b").is_allowed
        assert not limiter.arrive("a").is_allowed

    def test_the_peak_counts_refused_calls_too(self, clock):
        limiter = ServerRateLimiter([(2, 10), (9, 60)], clock=clock)
        for _ in range(4):
            limiter.arrive("k")
        clock.sleep(10)
        limiter.arrive("k")

        assert limiter.peaks() == {"2/10s": 4, "9/60s": 5}
        assert limiter.refused_count == 2

    def test_another_client_of_the_key_takes_its_share(self, clock):
        limiter = ServerRateLimiter([(10, 60)], clock=clock)

        allowed = 0
        for _ in range(60):
            clock.sleep(1)
            allowed += limiter.arrive("k", share=0.5).is_allowed

        assert 4 <= allowed <= 6
        assert limiter.peaks() == {"10/60s": 60}

    def test_the_other_client_shows_in_what_remains(self, clock):
        limiter = ServerRateLimiter([(10, 60)], clock=clock)

        assert limiter.arrive("k").remaining == 9
        clock.sleep(60)
        assert limiter.arrive("k", share=0.2).remaining == 7


class TestHeaders:
    def test_every_answer_has_them(self, sandbox, call):
        answers = [
            call.get("campaigns"),
            call.get("nothing"),
            HttpCaller(sandbox, key="wrong").get("campaigns"),
        ]

        assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == [
            "2",
            "1",
            "2",
        ]
        assert {answer.headers["x-ratelimit-limit"] for answer in answers} == {"3"}

    @pytest.mark.parametrize(
        ("form", "expected"),
        [
            ("seconds_left", 60),
            ("epoch", 1_795_000_061),
            ("epoch_ms", 1_795_000_060_000),
        ],
    )
    def test_the_reset_has_three_forms(self, sandbox, call, form, expected):
        sandbox.set_behaviour(reset=form)

        answer = call.get("campaigns")

        assert int(answer.headers["x-ratelimit-reset"]) == expected


class TestTooMany:
    def test_the_429_says_when_to_come_back(self, sandbox, call, clock):
        call.get("campaigns")
        clock.sleep(0.5)
        call.get("campaigns")

        answer = call.get("campaigns")

        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "2"
        error = answer.json()["error"]
        assert (error["code"], error["retry_after"]) == ("RATE_LIMIT_EXCEEDED", 2)
        assert sandbox.key_usage()["too_many"] == 1

    def test_without_retry_after_by_switch(self, sandbox, call):
        sandbox.set_behaviour(has_retry_after=False)
        call.get("campaigns")
        call.get("campaigns")

        answer = call.get("campaigns")

        assert answer.status_code == 429
        assert "retry-after" not in answer.headers
        assert "Too many requests" in answer.json()["message"]

    def test_a_refused_write_changes_nothing(self, sandbox, call):
        map_id, before = next(iter(sandbox.owners().items()))
        call.get("campaigns")
        call.get("campaigns")

        assert call.assign(map_id, 7352).status_code == 429
        assert sandbox.owner(map_id) == before
        entry = sandbox.call_log.entries()[-1]
        assert (entry.map_id, entry.member_id) == (map_id, 7352)
        assert (entry.status, entry.applied_seq) == (429, None)
