"""What every shipped pack keeps to: sound, tested, documented; and what the CloudTrail pack finds in real attacks."""

from __future__ import annotations

import lzma
import re
from pathlib import Path
from typing import Final

import pytest

from trailbell.replay import dry_run_source
from trailbell.rule_testing import run_tests
from trailbell.sources.files import FileSource
from trailbell_engine.rule import Rule
from trailbell_rules.load import PACKS, Loaded, load_rules, shipped_packs

ROOT = Path(__file__).parents[2]
REAL_EVENTS = ROOT.parent / "shared" / "data"
LOADED: Final = {pack: load_rules([f"pack:{pack}"]) for pack in shipped_packs()}
RULES: Final = [(pack, rule) for pack, loaded in LOADED.items() for rule in loaded.rules]
DOCUMENTATION: Final = {
    "cloudtrail": "https://docs.aws.amazon.com/",
    "github": "https://docs.github.com/",
    "okta": "https://developer.okta.com/",
    "trailbell": "https://github.com/trailbell/trailbell/blob/main/docs/",
    "vonage": "https://developer.vonage.com/en/audit/overview",
}


@pytest.fixture(params=LOADED, name="pack")
def _pack(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(name="loaded")
def _loaded(pack: str) -> Loaded:
    return LOADED[pack]


def test_a_pack_loads_without_a_word(pack: str, loaded: Loaded) -> None:
    """No errors and no warnings, so each rule has a test that fires and one that stays silent."""
    assert loaded.problems == ()
    assert len(loaded.rules) >= (3 if pack == "trailbell" else 15)


def test_packs_do_not_get_into_each_others_way() -> None:
    """All of them at once: no name is defined twice, no rule is said twice."""
    together = load_rules([f"pack:{pack}" for pack in LOADED])
    assert together.problems == ()
    assert len(together.rules) == len(RULES)


def test_every_test_of_a_pack_passes(loaded: Loaded) -> None:
    """The tests inside the rules, through the engine."""
    failed = [outcome.to_json() for outcome in run_tests(loaded.rules, loaded.tests) if not outcome.passed]
    assert failed == []


@pytest.mark.parametrize(("pack", "rule"), RULES, ids=[rule.id for _, rule in RULES])
def test_a_rule_is_fit_for_a_person_at_night(pack: str, rule: Rule) -> None:
    """File named by id; says what to do; leads to a section of the runbooks; vendor's documentation is named."""
    assert Path(rule.origin.file).stem == rule.id
    assert rule.id.startswith(f"{pack}-")
    assert "What to do:\n1. " in rule.words.description
    assert rule.words.summary
    assert rule.words.fields
    assert rule.words.owner
    assert pack in rule.words.tags
    assert any(reference.startswith(DOCUMENTATION[pack]) for reference in rule.words.references)
    page, _, anchor = rule.words.runbook.partition("#")
    assert page.endswith(f"/docs/runbooks/{pack}.md")
    assert anchor in anchors(runbook(pack))


def runbook(pack: str) -> Path:
    """The page of a pack."""
    return ROOT / "docs" / "runbooks" / f"{pack}.md"


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_rule_stands_in_the_runbooks(pack: str, loaded: Loaded) -> None:
    """And the runbooks speak of no rule that is not there."""
    named = set(re.findall(rf"`({pack}-[a-z0-9-]+)`", runbook(pack).read_text(encoding="utf-8")))
    rules = {rule.id for rule in loaded.rules}
    file = PACKS / pack / "_definitions.yaml"
    definitions = file.read_text(encoding="utf-8") if file.exists() else ""
    assert rules <= named
    assert all(f"\n  {name}:" in definitions for name in named - rules)


@pytest.mark.parametrize("rule", [rule for _, rule in RULES], ids=lambda rule: rule.id)
def test_attack_tags_come_with_their_reference(rule: Rule) -> None:
    """`attack.t1078.004` and the page of that technique, or neither."""
    tagged = {tag.removeprefix("attack.").upper() for tag in rule.words.tags if tag.startswith("attack.")}
    linked = {
        reference.removeprefix("https://attack.mitre.org/techniques/").rstrip("/").replace("/", ".")
        for reference in rule.words.references
        if "attack.mitre.org" in reference
    }
    assert tagged == linked


@pytest.mark.parametrize(
    ("file", "found"),
    [
        (
            "cloudtrail-invictus.ndjson.xz",
            {
                "cloudtrail-admin-policy-attached",
                "cloudtrail-function-opened",
                "cloudtrail-image-or-snapshot-shared",
                "cloudtrail-instance-passwords-read",
                "cloudtrail-key-for-another-user",
                "cloudtrail-many-secrets-read",
                "cloudtrail-organization-left",
                "cloudtrail-role-trust-changed",
                "cloudtrail-trail-weakened",
            },
        ),
        (
            "cloudtrail-stratus.ndjson.xz",
            {
                "cloudtrail-image-or-snapshot-shared",
                "cloudtrail-instance-start-script-changed",
                "cloudtrail-logs-deleted",
                "cloudtrail-outside-certificates-trusted",
                "cloudtrail-trail-weakened",
            },
        ),
    ],
)
def test_real_attacks_are_found(file: str, found: set[str], tmp_path: Path) -> None:
    """Recorded attacks on real accounts (invictus-ir/aws_dataset, Stratus Red Team) raise the alerts they should."""
    if not (REAL_EVENTS / file).exists():
        pytest.skip("the recorded attacks are not on this machine")
    events = tmp_path / "events.ndjson"
    events.write_bytes(lzma.decompress((REAL_EVENTS / file).read_bytes()))
    source = FileSource([events])
    report = dry_run_source(LOADED["cloudtrail"].rules, source, lambda: source.map_name)
    assert found <= {entry.alert.rule_id for entry in report.alerts}
