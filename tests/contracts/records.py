"""What :mod:`reqpi.core.interfaces` promises of records."""

from __future__ import annotations

from tests.contracts.case import StoreCase, gathered


class RecordsContract(StoreCase):
    """What :class:`reqpi.core.interfaces.Records` promises."""

    async def test_a_record_that_is_not_there_is_none(self) -> None:
        """Absent is None, empty is empty."""
        self.assertIsNone(await self.store.get("locks/absent"))
        await self.store.create("locks/empty", b"")
        self.assertEqual(await self.store.get("locks/empty"), b"")

    async def test_the_first_to_create_wins(self) -> None:
        """Each is told what stands, and that never changes."""
        self.assertEqual(await self.store.create("frozen/a", b"first"), b"first")
        self.assertEqual(await self.store.create("frozen/a", b"second"), b"first")
        self.assertEqual(await self.store.get("frozen/a"), b"first")

    async def test_replacing_goes_over_what_was_there(self) -> None:
        """Whether or not there was something; shorter and longer."""
        for value in (b"first", b"a longer second", b"3"):
            await self.store.replace("state/a", value)
            self.assertEqual(await self.store.get("state/a"), value)

    async def test_records_of_some_mebibytes_are_whole(self) -> None:
        """Every byte value, many of them."""
        value = bytes(range(256)) * 4096 * 5
        self.assertEqual(await self.store.create("locks/large", value), value)
        self.assertEqual(await self.store.get("locks/large"), value)

    async def test_deleting_removes(self) -> None:
        """It is gone, may be deleted again, and be created anew."""
        await self.store.create("locks/a", b"first")
        await self.store.delete("locks/a")
        self.assertIsNone(await self.store.get("locks/a"))
        self.assertEqual(await gathered(self.store.names("locks/")), [])
        await self.store.delete("locks/a")
        self.assertEqual(await self.store.create("locks/a", b"second"), b"second")

    async def test_deleting_leaves_the_neighbours(self) -> None:
        """Neither what is beside it nor what is below its name goes with it."""
        for name in ("a", "a/b", "a/b/c", "a/d"):
            await self.store.create(name, name.encode())
        await self.store.delete("a/b")
        self.assertEqual([await self.store.get(name) for name in ("a", "a/b/c", "a/d")], [b"a", b"a/b/c", b"a/d"])

    async def test_a_name_may_begin_with_another(self) -> None:
        """A record and records below its name stand side by side, whichever came first."""
        for name in ("a", "a/b", "c/d", "c"):
            self.assertEqual(await self.store.create(name, name.encode()), name.encode())
        self.assertEqual(
            [await self.store.get(name) for name in ("a", "a/b", "c/d", "c")], [b"a", b"a/b", b"c/d", b"c"]
        )

    async def test_names_may_be_long(self) -> None:
        """A project's name may have more characters than a file's, and names that begin alike stay apart."""
        names = ["frozen/" + "a" * length for length in (199, 200, 201, 255, 256, 400, 401, 800)]
        names += ["frozen/" + "a" * 400 + "/b", "frozen/" + "a" * 200 + "/" + "a" * 200]
        for name in names:
            await self.store.create(name, name.encode())
        self.assertEqual([await self.store.get(name) for name in names], [name.encode() for name in names])
        self.assertEqual(sorted(await gathered(self.store.names("frozen/"))), sorted(names))
        self.assertEqual(await gathered(self.store.names("frozen/" + "a" * 400 + "/")), ["frozen/" + "a" * 400 + "/b"])

    async def test_names_with_dots_and_dashes_stay_apart(self) -> None:
        """What file systems or URLs might take for the same is not."""
        names = ["p/a", "p/a.", "p/a..", "p/a-", "p/-a", "p/-", "p/a.b", "p/a-b", "p/con", "p/0"]
        for name in names:
            await self.store.create(name, name.encode())
        self.assertEqual([await self.store.get(name) for name in names], [name.encode() for name in names])
        self.assertEqual(sorted(await gathered(self.store.names("p/"))), sorted(names))

    async def test_other_names_are_refused(self) -> None:
        """By every verb, before anything is read or written."""
        bad = ["", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", ".a", "a/.b", "A", "a_b", "a b", "a\n"]
        bad += ["a\0b", "a\\b", "é", "a/../../b", "a:b", "a%2fb", "a" * 901]
        for name in bad:
            await self.refused(ValueError, self.store.get(name))
            await self.refused(ValueError, self.store.create(name, b""))
            await self.refused(ValueError, self.store.replace(name, b""))
            await self.refused(ValueError, self.store.delete(name))
            await self.refused(ValueError, self.store.use(name))
            await self.refused(ValueError, self.store.last_used(name))

    async def test_names_below_a_prefix_are_whole(self) -> None:
        """At any depth, each once; not the prefix itself, nor names that only begin alike."""
        for name in ("a", "a/b", "a/c/d", "a/c/e/f", "ab", "ab/c", "b/a/c"):
            await self.store.create(name, b"")
        self.assertEqual(sorted(await gathered(self.store.names("a/"))), ["a/b", "a/c/d", "a/c/e/f"])
        self.assertEqual(sorted(await gathered(self.store.names("a/c/"))), ["a/c/d", "a/c/e/f"])
        self.assertEqual(await gathered(self.store.names("nothing/here/")), [])

    async def test_a_prefix_ends_in_a_slash(self) -> None:
        """Anything else is the caller's mistake."""
        for prefix in ("", "a", "/", "../", "a//"):
            await self.refused(ValueError, gathered(self.store.names(prefix)))

    async def test_records_may_go_while_their_names_are_listed(self) -> None:
        """A sweep deletes as it walks, and still sees every name that stays."""
        names = [f"locks/{number}/lock" for number in range(50)]
        for name in names:
            await self.store.create(name, b"")
        seen = []
        async for name in self.store.names("locks/"):
            seen.append(name)
            await self.store.delete(name)
        self.assertEqual(sorted(seen), sorted(names))
        self.assertEqual(await gathered(self.store.names("locks/")), [])

    async def test_last_used_is_when_it_was_written(self) -> None:
        """Creating and replacing count as use; a creation that came too late does not."""
        await self.store.create("locks/a", b"first")
        self.assertEqual(await self.store.last_used("locks/a"), self.clock.now)
        self.clock.now += 100
        await self.store.create("locks/a", b"second")
        self.assertEqual(await self.store.last_used("locks/a"), self.clock.now - 100)
        await self.store.replace("locks/a", b"third")
        self.assertEqual(await self.store.last_used("locks/a"), self.clock.now)

    async def test_use_is_noted_and_changes_nothing_else(self) -> None:
        """To get is not to use."""
        await self.store.create("locks/a", b"value")
        self.clock.now += 100
        await self.store.get("locks/a")
        self.assertEqual(await self.store.last_used("locks/a"), self.clock.now - 100)
        await self.store.use("locks/a")
        self.assertEqual(await self.store.last_used("locks/a"), self.clock.now)
        self.assertEqual(await self.store.get("locks/a"), b"value")

    async def test_what_is_not_there_was_never_used(self) -> None:
        """To use it is no error, and makes no record; after a deletion it was never used either."""
        await self.store.use("locks/a")
        self.assertIsNone(await self.store.last_used("locks/a"))
        self.assertIsNone(await self.store.get("locks/a"))
        await self.store.create("locks/a", b"")
        await self.store.delete("locks/a")
        self.assertIsNone(await self.store.last_used("locks/a"))
