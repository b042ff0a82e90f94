"""Keys, unknown paths, bodies: what happens before an endpoint is reached."""

import pytest

from tests.assignments.sandbox.http_caller import HttpCaller


class TestKeys:
    def test_no_key(self, sandbox):
        answer = HttpCaller(sandbox, key=None).get("campaigns")

        assert answer.status_code == 401
        assert answer.json() == {"message": "API key is required."}

    def test_a_wrong_key(self, sandbox):
        answer = HttpCaller(sandbox, key="guess").get("campaigns")

        assert answer.status_code == 401
        assert answer.json() == {"message": "Invalid API Key"}

    def test_a_lapsed_plan(self, sandbox, call):
        sandbox.set_behaviour(is_plan_expired=True)

        answer = call.get("campaigns")

        assert answer.status_code == 401
        assert answer.json() == {"message": "Plan expired!"}

    def test_the_key_counts_only_in_the_query(self, sandbox):
        nobody = HttpCaller(sandbox, key=None)

        answer = nobody.post("master-inbox/inbox-replies", {"api_key": "sandbox-key"})

        assert answer.status_code == 401


class TestPaths:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "account/team-members"),
            ("GET", "master-inbox/update-team-member/now"),
            ("POST", "master-inbox/mark-unread"),
            ("PATCH", "master-inbox/update-team-member"),
            ("DELETE", "campaigns/1"),
        ],
    )
    def test_unknown_ones_get_the_page_of_express(self, call, method, path):
        answer = call.http.request(method, path)

        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
        assert f"<pre>Cannot {method} /api/v1/{path}</pre>" in answer.text

    def test_the_page_shows_no_query_and_escapes_the_path(self, call):
        answer = call.http.get("<script>")

        assert "api_key" not in answer.text
        assert "&lt;script&gt;" in answer.text

    def test_a_wrong_prefix_is_unknown_too(self, call):
        answer = call.http.get("http://sandbox.test/api/v2/campaigns")

        assert "Cannot GET /api/v2/campaigns" in answer.text


class TestBodies:
    def test_broken_json_gets_a_page(self, call):
        headers = {"content-type": "application/json"}
        answer = call.http.post(
            "master-inbox/inbox-replies", content=b"{oops", headers=headers
        )

        assert answer.status_code == 400
        assert "text/html" in answer.headers["content-type"]

    def test_what_is_not_called_json_is_not_read(self, call):
        answer = call.http.post(
            "master-inbox/update-team-member", data={"email_lead_map_id": 1}
        )

        assert answer.json()["message"] == '"email_lead_map_id" is required'
