"""The schema of a store."""

from __future__ import annotations

from functools import partial

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.targets import InstallTarget
from reqpi.shelf import records
from reqpi.shelf.records import KINDS, Owner, kinds_of
from tests.distributions import a_file

A = "a" * 64


class NameTests(SynchronousTestCase):
    """Names are what stores written by earlier versions have: none of these literals may change."""

    def test_every_name_is_the_one_that_stores_have(self) -> None:
        target = InstallTarget(platforms=("win_amd64",))
        names = {
            records.lock_record(A): f"locks/{A}",
            records.document_record(A): f"documents/{A}",
            records.page_record(A, "six"): f"frozen/{A}/six",
            records.refusals_record(A, "process"): f"refused/{A}/process",
            records.metadata_record(A): f"metadata/{A}",
            records.claimed_metadata_record(A, A): f"told/{A}/{A}",
            records.differing_metadata_record(A): f"differing/{A}",
            records.build_system_record(A): f"build-systems/{A}",
            records.build_system_record(A, "sub"): f"build-systems/{A}/ddc6e2b224d0fd821669202258386936",
            records.claimed_build_system_record(A, A): f"told-build-systems/{A}/{A}",
            records.holding_record(A, target): f"holding/{A}/91ae4ed076942c7c4896084a75210395",
            records.lacking_record(A, "build-requirements"): f"lacking/{A}/build-requirements",
            records.sbom_record(A, "metadata"): f"bills/{A}/metadata",
            records.crate_record(A, "", "made-words", "1.0.2"): (
                f"crates/{A}/2a63f693a29e087d317ac50035baff476a60c89aab2b2c79dfb5d9c9a27918a3"
            ),
            records.crate_commit_record(A, "https://git.example.org/x", "7" * 40): (
                f"crate-commits/{A}/72d6a092cf7131ee7490446f450f925d984ca0010f2274555128abb059778645"
            ),
            records.provenance_record(
                A, a_file("six-1.0-py3-none-any.whl")
            ): f"provenance/{A}/5b2b6dc28b2ed3dc5d8c183e16493e3b773c6237887f4d4ea78afe7cb7986553",
            records.session_record("token"): "learning/token",
            records.recorded_file_record("token", "six", "key"): "learned/token/six/key",
            records.run_record("token"): "runs/token",
            records.run_entry_record("token", "key"): "run-entries/token/key",
            records.run_counts_record("token", "process"): "run-counts/token/process",
            records.charge_record(A, "process"): f"charges/{A}/process",
            records.decision_record("name"): "decisions/name",
            records.freezing_record(A, "six"): f"freezings/{A}/six",
            records.commit_record(A): f"commits/{A}/first",
            records.time_record("sweep"): "times/sweep",
            records.history_record("six", "https://i.example.org"): "histories/six/6a815096c7bd7bf4b1730bcaa1cc9a7a",
            records.advised_record("six"): "histories/six/advisories",
            records.drift_round_record(): "drift/round",
            records.survey_record(): "surveys/latest",
        }
        self.assertEqual(list(names), list(names.values()))
        self.assertEqual({name.partition("/")[0] for name in names}, {kind.folder for kind in KINDS})

    def test_without_the_last_part_a_name_is_the_prefix_of_its_owner(self) -> None:
        makers = {
            "frozen": records.page_record,
            "refused": records.refusals_record,
            "told": records.claimed_metadata_record,
            "told-build-systems": records.claimed_build_system_record,
            "holding": records.holding_record,
            "lacking": records.lacking_record,
            "bills": records.sbom_record,
            "crates": records.crate_record,
            "crate-commits": records.crate_commit_record,
            "charges": records.charge_record,
            "provenance": records.provenance_record,
            "freezings": records.freezing_record,
            "commits": partial(records.commit_record, which=""),
        }
        kinds = kinds_of(Owner.ADDRESS)
        self.assertEqual({kind.folder for kind in kinds}, set(makers))
        for kind in kinds:
            self.assertEqual(makers[kind.folder](A), kind.below(A))
