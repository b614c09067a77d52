"""What is promised of the deployed bookshop."""


def test_everything_is_ready(assert_ready):
    assert_ready()


def test_customers_see_the_books(gitops_cluster):
    page = gitops_cluster.kubectl(
        "--namespace=bookshop", "exec", "deployment/storefront", "--", "python", "-c",
        "from urllib.request import urlopen; print(urlopen('http://localhost:8080').read())",
    )  # fmt: skip

    assert "Kindred" in page


def test_the_storefront_asks_the_shelf(assert_reaches):
    assert_reaches("storefront", "shelf:8080")


def test_the_storefront_cannot_reach_the_database(assert_reaches):
    assert_reaches("storefront", "database:5432", expected=False)
    assert_reaches("shelf", "database:5432")


def test_what_runs_is_what_is_declared(assert_in_sync):
    assert_in_sync()
