"""Someone who can write to the store wants what the policy denies."""

from __future__ import annotations

import json

from reqpi.core.decisions import load_decision
from reqpi.shelf.records import decision_record
from tests.attacks.policy_case import PolicedCase


class TakenNameTests(PolicedCase):
    async def the_record(self) -> str:
        await self.assert_refused()
        [name] = [name async for name in self.store.names(decision_record(""))]
        return name

    async def test_a_record_that_says_nothing_under_the_name_of_the_denial(self) -> None:
        """The name follows from what the denial says, so the attacker writes another record there first."""
        name = await self.the_record()
        for value in (b"", b"{}", b"\xff", b'{"layout": 1}'):
            await self.store.replace(name, value)
            await self.shelf.denials.refresh()
            self.enforcement.change()
            await self.assert_refused()

    async def test_a_denial_of_something_else_under_that_name(self) -> None:
        """The attacker copies a decision about another project to the name."""
        name = await self.the_record()
        written = json.loads(await self.store.get(name) or b"")
        await self.store.delete(name)
        await self.shelf.denials.refresh()
        await self.store.create(name, json.dumps(written | {"what": "other==1.0"}).encode())
        self.enforcement.change()
        await self.assert_refused()

    async def test_a_denial_that_is_removed_is_made_again_before_anything_is_served(self) -> None:
        """The attacker removes the record, again and again."""
        for _ in range(3):
            await self.store.delete(await self.the_record())
            await self.shelf.denials.refresh()
        await self.assert_refused()

    async def test_a_denial_with_reasons_of_no_policy_is_no_decision(self) -> None:
        """The attacker writes reasons that are many, long, or of another type, to stop or to slow the server."""
        written = json.loads(await self.store.get(await self.the_record()) or b"")
        good = written["policy"]
        for policy in (
            None,
            [],
            good | {"causes": []},
            good | {"causes": ["x"] * 101},
            good | {"causes": ["x" * 501]},
            good | {"causes": [1]},
            good | {"release": "a b"},
            good | {"until": "soon"},
            {"causes": ["x"]},
        ):
            data = json.dumps(written | {"policy": policy}).encode()
            self.assertRaises((ValueError, KeyError, TypeError), load_decision, data)
        self.assertRaises(
            ValueError, load_decision, json.dumps(written | {"decision": "allow", "what": "a b"}).encode()
        )
