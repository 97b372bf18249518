"""Sizes in bytes, as people write them."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.sizes import BadSize, read_size, size_text


class SizeTests(SynchronousTestCase):
    def test_each_unit_means_its_bytes(self) -> None:
        for text, size in {
            "0": 0,
            "1048576": 1 << 20,
            "5 B": 5,
            "500 MB": 500_000_000,
            "20GB": 20 * 10**9,
            "20 GiB": 20 << 30,
            "1 tib": 1 << 40,
            "7kB": 7000,
            "7 KiB": 7168,
        }.items():
            self.assertEqual(read_size(text), size, text)

    def test_any_other_text_is_no_size(self) -> None:
        for text in ("", "GB", "-1", "1.5 GB", "1  GB", "5 PB", "5 G B", "9" * 16, "999999999 TB", "٣", "5\n", "0x10"):
            with self.assertRaisesRegex(BadSize, "such as 1048576"):
                read_size(text)

    def test_people_see_a_rounded_size(self) -> None:
        for size, text in {
            0: "0 B",
            999: "999 B",
            1000: "1.0 kB",
            20_480_000_000: "20.4 GB",
            1 << 50: "1125.8 TB",
        }.items():
            self.assertEqual(size_text(size), text)
