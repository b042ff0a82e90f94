"""The pages of somebody who leaves, as a manager sends them."""

import re


def decide(client, leaver, /, **said):
    return client.post(f"/team/{leaver.pk}/leaving/", said, follow=True)


def confirm(client, response):
    found = re.search(r'name="plan" value="(\d+)"', response.content.decode())
    assert found
    data = {"plan": found[1], "confirm": "1"}
    return client.post("/assign/", data, follow=True)
