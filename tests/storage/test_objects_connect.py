"""``--store`` and ``--store-option`` are read, and what is wrong with them is said."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from reqpi.core.errors import Misconfigured
from reqpi.core.extras import advice_for
from reqpi.storage.objects import connect as options_module
from reqpi.storage.objects.connect import connect
from tests.storage.scratch import scratch

URL = "s3://shelf/prefix"


class OptionsTests(SynchronousTestCase):
    """URLs and options as an operator writes them."""

    def setUp(self) -> None:
        if find_spec("obstore") is None:
            raise SkipTest("obstore is not installed")

    def assert_refused(self, url: str, words: str, **options: str) -> None:
        self.assertEqual(str(self.assertRaises(Misconfigured, connect, url, options)), words)

    def test_the_prefix_is_the_clients(self) -> None:
        """All keys are below it."""
        connection = connect(URL, {"region": "r"})
        clients = (connection.quick, connection.download, connection.upload)
        self.assertEqual([client.prefix for client in clients], ["prefix"] * 3)
        self.assertEqual(connection.url, URL)

    def test_google_and_azure_are_known(self) -> None:
        """By the names that obstore has for them."""
        self.assertEqual(type(connect("az://shelf/prefix", {"account_name": "a"}).quick).__name__, "AzureStore")
        self.assertEqual(type(connect("gs://shelf/prefix", {"skip_signature": "true"}).quick).__name__, "GCSStore")

    def test_other_schemes_are_refused(self) -> None:
        """A directory is named without one."""
        self.assert_refused(
            "ftp://a/b", "ftp://a/b cannot be the store: Write a URL that begins with s3, gs or az, and ://."
        )

    def test_credentials_in_a_url_are_refused_and_not_shown(self) -> None:
        """They would be in logs and in the list of processes."""
        words = "the store's URL is not valid: Write s3://BUCKET/PREFIX, and put credentials in the environment."
        for url in ("s3://key:secret@shelf/", "s3:///prefix", "s3://shelf/?a=b", "s3://shelf/#a"):
            self.assert_refused(url, words)

    def test_an_unknown_option_is_refused_with_those_that_are_near(self) -> None:
        """One letter is missing."""
        self.assert_refused(
            URL,
            "--store-option acess_key_id: s3:// has no such option: "
            "Its options include access_key_id, sse_kms_key_id, secret_access_key.",
            acess_key_id="key",
        )

    def test_an_option_that_cannot_be_read_is_refused(self) -> None:
        """obstore's own message is shown."""
        self.assert_refused(
            URL,
            f'{URL} cannot be the store: Generic Config error: failed to parse "soon" as Duration. '
            "Fix --store-option or the environment.",
            timeout="soon",
        )
        self.assert_refused(URL, "--store-option allow_http=maybe: write true or false", allow_http="maybe")

    def test_a_certificate_that_cannot_be_read_is_refused(self) -> None:
        """Before any request is sent."""
        path = scratch(self) / "authority.pem"
        self.assert_refused(
            URL,
            f"--store-option root_certificate={path}: No such file or directory: Name a PEM file.",
            root_certificate=str(path),
        )

    def test_without_obstore_it_says_what_to_install(self) -> None:
        """It is an extra."""

        def missing(name: str) -> None:
            raise ImportError(name)

        self.patch(options_module, "import_module", missing)
        self.assert_refused(URL, f"s3:// needs obstore: {advice_for('s3')}")


class LazyTests(SynchronousTestCase):
    """The library is loaded where a store is opened, and not before."""

    def test_nothing_imports_it_by_name(self) -> None:
        """So that everything else works without it."""
        for path in Path(options_module.__file__).parent.glob("*.py"):
            for line in path.read_text().splitlines():
                self.assertFalse(line.strip().startswith(("import obstore", "from obstore")), path)
