import json

from orders import TOP, database


def test_the_database_has_what_the_api_promises():
    columns = {row[1] for row in database().execute("pragma table_info(orders)")}
    assert columns >= set(json.loads((TOP / "api/orders.json").read_text())["fields"])
