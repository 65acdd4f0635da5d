"""CloudTrail-like events of some 2 KB, and detection rules over them as public rule sets write them.

Field names: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from vonage_events import START_MS
from world import Skewed, World

from trailbell_engine.conditions.each import Each
from trailbell_engine.path import parse_path
from trailbell_engine.predicate import AllOf, AnyOf, Not, Predicate, Test
from trailbell_engine.rule import Rule, RuleSet, Words

SERVICES = ("s3", "ec2", "iam", "sts", "kms", "lambda", "rds", "logs", "cloudtrail", "guardduty", "eks", "ecr", "sns")
VERBS = ("Get", "List", "Describe", "Put", "Create", "Delete", "Update", "Attach", "Detach", "Assume", "Stop", "Modify")
NOUNS = ("Object", "Bucket", "Role", "User", "Policy", "Key", "Instance", "Snapshot", "Trail", "Function", "Cluster")
NAMES = [verb + noun for verb in VERBS for noun in NOUNS]
KINDS = ("AssumedRole", "IAMUser", "AWSService", "Root")
ERRORS = ("AccessDenied", "ThrottlingException", "NoSuchKey", "Client.UnauthorizedOperation")


def events(world: World, number: int, seed: int) -> Iterator[dict[str, Any]]:
    """So many events. Reading is common, changing is rare, as in any account."""
    rng = Random(seed)
    names = Skewed(NAMES, 1.1)
    accounts = Skewed([f"{rng.randrange(10**12):012d}" for _ in range(40)], 1.05)
    for position in range(number):
        yield _event(world, rng, names.draw(rng), accounts.draw(rng), START_MS // 1000 + position)


def _event(world: World, rng: Random, name: str, account: str, now_s: int) -> dict[str, Any]:
    role, session = f"role-{rng.randrange(200)}", f"session-{rng.randrange(3000)}"
    region = rng.choice(("us-east-1", "eu-west-1", "eu-central-1"))
    time = f"2026-10-{1 + now_s // 86_400 % 28:02d}T{now_s // 3600 % 24:02d}:{now_s // 60 % 60:02d}:{now_s % 60:02d}Z"
    service = f"{rng.choice(SERVICES)}.amazonaws.com"
    event: dict[str, Any] = {
        "eventVersion": "1.08",
        "userIdentity": {
            "type": rng.choices(KINDS, (70, 20, 9, 1))[0],
            "principalId": f"AROA{rng.getrandbits(64):016X}:{session}",
            "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
            "accountId": account,
            "accessKeyId": f"ASIA{rng.getrandbits(64):016X}",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": f"AROA{rng.getrandbits(64):016X}",
                    "arn": f"arn:aws:iam::{account}:role/{role}",
                    "accountId": account,
                    "userName": role,
                },
                "webIdFederationData": {},
                "attributes": {"creationDate": time, "mfaAuthenticated": rng.choice(("true", "false"))},
            },
        },
        "eventTime": time,
        "eventSource": service,
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": rng.choice(world.strays[:3000]),
        "userAgent": rng.choice(world.agents),
        "requestParameters": {
            "bucketName": f"bucket-{rng.randrange(500)}",
            "key": f"logs/{rng.getrandbits(64):016x}/{rng.getrandbits(64):016x}.gz",
            "instancesSet": {"items": [{"instanceId": f"i-{rng.getrandbits(64):016x}"} for _ in range(2)]},
            "policyArn": f"arn:aws:iam::aws:policy/{rng.choice(('ReadOnlyAccess', 'AdministratorAccess'))}",
        },
        "responseElements": {"requestId": random_id(rng), "_return": True, "groups": [{"groupId": f"sg-{session}"}]},
        "requestID": random_id(rng),
        "eventID": random_id(rng),
        "readOnly": name.startswith(("Get", "List", "Describe")),
        "resources": [{"accountId": account, "type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::bucket/{session}"}],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "sharedEventID": random_id(rng),
        "eventCategory": "Management",
        "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128", "clientProvidedHostHeader": service},
    }
    return event | ({"errorCode": rng.choice(ERRORS)} if rng.random() < 0.05 else {})


def random_id(rng: Random) -> str:
    """A UUID."""
    text = f"{rng.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


Call = tuple[str, str]
"""A service and one of its calls: ``("iam.amazonaws.com", "CreateUser")``."""


def detections(number: int, seed: int = 1, calls: Sequence[Call] = ()) -> RuleSet:
    """So many rules: a service and one or a few calls, often with a condition on who, from where or with what.

    Args:
        number: of rules.
        seed: the same, the same rules.
        calls: what rules may ask for, the most common first: they ask for the rarer half. By default made-up ones.
    """
    rng = Random(seed)
    rules = [AllOf(tuple(_detection(rng, calls[len(calls) // 2 :]))) for _ in range(number)]
    return RuleSet([Rule(f"r{n}", "low", match, Each(), Words("t")) for n, match in enumerate(rules)])


def _detection(rng: Random, calls: Sequence[Call]) -> Iterator[Predicate]:
    if calls:
        service, _ = rng.choice(calls)
        rare = [name for of, name in calls if of == service]
    else:
        service, rare = f"{rng.choice(SERVICES)}.amazonaws.com", NAMES[len(NAMES) // 2 :]
    yield _test("eventSource", "equals", service)
    if rng.random() < 0.6:
        yield _test("eventName", "equals", rng.choice(rare))
    else:
        yield _test("eventName", "in", tuple(rng.sample(rare, min(len(rare), rng.randint(2, 5)))))
    yield from rng.choice(_MORE)(rng)


def _test(path: str, operator: str, operand: Any, *, fold: bool = False) -> Predicate:
    return Test(parse_path(path), operator, operand, fold)


_MORE = (
    lambda _: (),
    lambda _: (),
    lambda _: (_test("userIdentity.type", "equals", "Root"), Not(_test("eventType", "equals", "AwsServiceEvent"))),
    lambda rng: (_test("errorCode", "equals", rng.choice(ERRORS)),),
    lambda _: (Not(_test("userAgent", "contains", ("console.amazonaws.com",))),),
    lambda _: (_test("requestParameters.policyArn", "ends_with", ("/AdministratorAccess",)),),
    lambda rng: (
        AnyOf(
            (
                _test("userIdentity.arn", "contains", (f"role-{rng.randrange(200)}/",), fold=True),
                _test("requestParameters.bucketName", "starts_with", (f"bucket-{rng.randrange(50)}",)),
            )
        ),
    ),
    lambda _: (Not(_test("sourceIPAddress", "cidr", ("10.0.0.0/8", "192.168.0.0/16"))),),
    lambda _: (_test("userAgent", "matches", (r"^(curl|python-requests)/",)),),
)
