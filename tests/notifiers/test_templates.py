"""Templates of rules: what they can say, what they cannot do, and what is told about a bad one at load."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailbell_engine.path import parse_path
from trailbell_engine.rule import Words
from trailbell_notifiers.words.checking import check_template
from trailbell_notifiers.words.render import present
from trailbell_notifiers.words.sandbox import OUTPUT_LIMIT, TemplateError, render_template

NAMES = {
    "user_email": "ada@example.com",
    "context": {"msisdn": "4477", "voice-type": "sip", "items": "a field called items"},
    "roles": ["admin", "ops"],
    "ratio": 0.5,
    "whole": 5.0,
    "yes": True,
    "nothing": None,
}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ user_email }} did it", "ada@example.com did it"),
        ("{{ missing or 'The API' }}", "The API"),
        ("{{ missing.deeper or 'The API' }}", "The API"),
        ("{{ nothing or 'nobody' }}", "nobody"),
        ("{{ missing | default('none') }}", "none"),
        ("{{ missing.deeper.still | d('none') }}", "none"),
        ("{% if missing is defined %}a{% else %}b{% endif %}", "b"),
        ("{% if missing %}a{% else %}b{% endif %}", "b"),
        ("{{ 'x' if missing == 1 else 'y' }}", "y"),
        ("{{ context.msisdn }} {{ context['voice-type'] }}", "4477 sip"),
        ("{{ context.items }}", "a field called items"),
        ("{{ roles[0] }} {{ roles | join('+') }} {{ roles | length }}", "admin admin+ops 2"),
        ("{% for role in roles %}{{ role }}{% if not loop.last %}, {% endif %}{% endfor %}", "admin, ops"),
        ("{{ yes }} {{ nothing }} {{ whole }} {{ ratio }}", "true null 5 0.5"),
        ("{{ roles }} {{ context.msisdn | int + 1 }}", '["admin", "ops"] 4478'),
        ("{{ (ratio * 100) | round }} %", "50 %"),
        ("{{ 'ops' in roles }}", "true"),
        ("{{ user_email | upper | truncate(4) }}", "ADA…"),
        ("{{ user_email | replace('@', ' at ') }}", "ada at example.com"),
    ],
)
def test_what_templates_can_say(source, text):
    """Fields, paths, defaults, conditions, loops, filters; values print as readers expect."""
    assert render_template(source, NAMES) == text


@pytest.mark.parametrize(
    "source",
    ["{{ missing }}", "{{ missing.deeper }}", "{{ context.nope }}", "{{ missing | upper }}", "a{{ missing ~ 'b' }}"],
)
def test_printing_a_missing_field_fails(source):
    """A hole in a sentence is an error with the field's name, not an empty string."""
    with pytest.raises(TemplateError) as caught:
        render_template(source, NAMES)
    assert "is missing" in caught.value.message


INJECTIONS = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ context.__class__ }}",
    "{{ context['__class__'] }}",
    "{{ roles.append('x') }}",
    "{{ context.update({'a': 1}) }}",
    "{{ self._TemplateReference__context.cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ self }}",
    "{{ cycler.__init__.__globals__.os }}",
    "{{ joiner }}",
    "{{ namespace(a=1) }}",
    "{{ lipsum(100000) }}",
    "{{ lipsum.__globals__ }}",
    "{{ range(99999999) }}",
    "{{ dict(a=1) }}",
    "{{ 'a'.join(roles) }}",
    "{{ '%s' % user_email }}",
    "{{ '{:>1500000000}'.format(1) }}",
    "{{ '{0.__class__}'.format(1) }}",
    "{{ user_email | attr('__class__') }}",
    "{{ roles | map(attribute='__class__') | list }}",
    "{{ user_email | xmlattr }}",
    "{{ user_email | center(1500000000) }}",
    "{{ 'x' * 1500000000 }}",
    "{{ [0] * 1500000000 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ 10000000000000000 * 10000000000000000 }}",
    "{{ user_email | wordwrap(1) }}",
    "{{ user_email | format }}",
    "{{ user_email | safe }}",
    "{% set x = 'a' %}{{ x }}",
    "{% set x %}a{% endset %}",
    "{% with a = 1 %}{{ a }}{% endwith %}",
    "{% macro m() %}{{ m() }}{% endmacro %}",
    "{% include 'x' %}",
    "{% import 'x' as x %}",
    "{% from 'x' import y %}",
    "{% extends 'x' %}",
    "{% block b %}{% endblock %}",
    "{% filter upper %}a{% endfilter %}",
    "{% call m() %}{% endcall %}",
    "{% for x in roles recursive %}{{ loop(x) }}{% endfor %}",
    "{% for x in roles %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "{% for x in roles %}{{ loop.__init__ }}{% endfor %}",
    "{% for a in roles %}{% for b in roles %}{% for c in roles %}x{% endfor %}{% endfor %}{% endfor %}",
    "{{ {'a': 1} }}",
    "{{ caller }}",
    "{{ ().__class__ }}",
    "{{ (1).__class__ }}",
    "{{ loop }}",
    "{{ request.application.__globals__ }}",
    "{% debug %}",
    "{% do roles.append(1) %}",
    "{% trans %}x{% endtrans %}",
    "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
    "{{ " + "-" * 7000 + "1 }}",
    "{{ " + "not " * 1500 + "1 }}",
    "{{ " + "a[" * 2000 + "0" + "]" * 2000 + " }}",
    "x" * 10_000,
]


@pytest.mark.parametrize("source", INJECTIONS, ids=range(len(INJECTIONS)))
def test_no_template_reaches_beyond_its_data(source):
    """Calls, attributes, globals, macros, sizes and depths: each is an error, quickly, and nothing else."""
    started = time.perf_counter()
    with pytest.raises(TemplateError):
        render_template(source, NAMES)
    assert time.perf_counter() - started < 2


def test_output_is_bounded():
    """Two nested loops over long lists stop at the output limit."""
    names = {"items": ["x" * 1_000] * 1_000}
    source = "{% for a in items %}{% for b in items %}{{ a }}{% endfor %}{% endfor %}"
    with pytest.raises(TemplateError, match=str(OUTPUT_LIMIT)):
        render_template(source, names)


def test_loops_are_bounded():
    """A loop takes the first hundred elements."""
    assert render_template("{% for a in items %}x{% endfor %}", {"items": list(range(1_000))}) == "x" * 100


def test_growing_by_filters_is_bounded():
    """Each replacement can multiply a text; a chain of them cannot get far."""
    source = "{{ a" + " | replace('a', a)" * 6 + " }}"
    with pytest.raises(TemplateError, match="characters"):
        render_template(source, {"a": "a" * 100})


LARGE = {
    "text": "é" * 4_096,
    "texts": ["é" * 4_096] * 100,
    "numbers": list(range(100)),
    "table": [["é" * 4_096] * 100] * 100,
    "deep": {"x": {"y": [1] * 1_000}},
}
TWICE = "{% for x in numbers %}{% for y in numbers %}BODY{% endfor %}{% endfor %}"


@pytest.mark.parametrize(
    "body",
    [
        "{% if (table | tojson) | length %}{% endif %}",
        "{% if table | sort | length %}{% endif %}",
        "{% if table | unique | length %}{% endif %}",
        "{% if (text | upper | lower | title) | length %}{% endif %}",
        "{{ '' if table == [table, 1] else '' }}",
        "{% if table in texts %}{% endif %}",
        "{{ '' if (" + "text ~ " * 300 + "text) else '' }}",
        "{{ '' if (text[1:] + text[1:]) else '' }}",
        "{% if deep.x.y %}{% endif %}" * 250,
        ("{% if " + "1 + " * 40 + "1 %}{% endif %}") * 30,
    ],
    ids=range(10),
)
def test_work_is_bounded(body):
    """Large values in nested loops: the work is counted, and ends after the same operation on every machine."""
    started = time.perf_counter()
    messages = set()
    for _ in range(2):
        with pytest.raises(TemplateError) as caught:
            render_template(TWICE.replace("BODY", body), LARGE)
        messages.add(caught.value.message)
    assert len(messages) == 1
    assert "too much" in messages.pop()
    assert time.perf_counter() - started < 20


def test_memory_is_bounded():
    """No step of the templates above holds more than some megabytes."""
    import tracemalloc

    tracemalloc.start()
    try:
        for source in ("{{ table | tojson }}", "{{ texts | join(text) }}", "{{ " + "text ~ " * 1_000 + "text }}"):
            with pytest.raises(TemplateError):
                render_template(source, LARGE)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 64 * 1024 * 1024


def test_filters_take_named_arguments():
    """As Jinja's own do."""
    assert (
        render_template("{{ user_email | truncate(length=4) }} {{ nope | default(fallback='x') }}", NAMES) == "ada… x"
    )


def _outcome(source):
    try:
        return render_template(source, NAMES)
    except TemplateError as error:
        return error.message


@given(st.text(max_size=200))
def test_any_text_is_a_template_or_an_error(source):
    """Whatever is written, it renders or raises the one error."""
    assert isinstance(_outcome(source), str)


@given(
    st.lists(
        st.sampled_from(
            [
                "{{",
                "}}",
                "{%",
                "%}",
                "a",
                ".",
                "b",
                "[",
                "]",
                "(",
                ")",
                "|",
                "for ",
                "if ",
                "in ",
                "endif",
                "'",
                "+",
                "*",
                "or ",
            ]
        ),
        max_size=20,
    )
)
def test_any_jumble_of_tokens_is_a_template_or_an_error(tokens):
    """Nothing that looks like a template raises anything else either."""
    assert isinstance(_outcome("".join(tokens)), str)


KNOWN = {"user_email", "context", "source_ip"}


@pytest.mark.parametrize(
    ("source", "message", "line", "column", "help_"),
    [
        ("{{ user_emial }}", "nothing is called `user_emial`", 1, 4, "did you mean `user_email`?"),
        ("line\nand {{ quux }}", "nothing is called `quux`", 2, 8, "{{ quux or 'unknown' }}"),
        ("{{ context.voice-type }}", "nothing is called `type`", 1, 18, "`context['voice-type']`"),
        ("{{ context.a.voice-type }}", "nothing is called `type`", 1, 20, "`context.a['voice-type']`"),
        ("{{ change.old }}", "nothing is called `change`", 1, 4, "a fact of `changed`"),
        ("ok\n{{ user_email", "unexpected end of template", 2, 1, ""),
        ("{{ user_email | uper }}", "there is no filter `uper`", 1, 1, "upper"),
        ("{{ range(3) }}", "a call cannot be used", 1, 1, "use a filter"),
        ("a {% set x = 1 %}", "`set` cannot be used", 1, 3, ""),
        ("{% if user_email is definde %}{% endif %}", "there is no test `definde`", 1, 1, "defined"),
    ],
)
def test_a_bad_template_is_told_with_its_place(source, message, line, column, help_):
    """Message, line, column and a way out, at load time."""
    [problem] = check_template(source, "title", KNOWN)
    assert message in problem.message
    assert problem.message.startswith("title: ")
    assert (problem.line, problem.column) == (line, column)
    assert help_ in problem.help


@pytest.mark.parametrize(
    "source",
    [
        "{{ user_email }} {{ context['voice-type'] }} {{ rule.id }} {{ alert.count }}",
        "{{ count }} {{ key.x }} {{ event.y }} {{ time }} {{ event_type }}",
        "{{ user_name or 'nobody' }}",
        "{{ user_name | default('nobody') }}",
        "{% if user_name is defined %}{{ user_name }}{% endif %}",
        "{% for part in context.parts %}{{ part }} {{ loop.index }}{% endfor %}",
        "{{ user_name if user_name else 'nobody' }}",
        "",
    ],
)
def test_a_good_template_has_no_problem(source):
    """Known fields, the engine's names, and unknown ones whose absence is provided for."""
    assert check_template(source, "title", KNOWN) == []


def test_every_name_is_known_without_a_list():
    """Without a list of names only the template itself is checked."""
    assert check_template("{{ whatever }}", "title") == []


def test_a_failing_template_loses_no_alert(alert):
    """The built-in words stand in, and the error is told beside them."""
    shown = present(alert, Words(title="{{ nope }}", summary="{{ change.old"))
    assert shown.title == "NUMBER_UPDATED: msisdn 447700900000 (vonage-number-voice-type-changed)"
    assert shown.summary == "ada@example.com: NUMBER_UPDATED on 447700900000 from 203.0.113.9, 41 events"
    title, summary = shown.problems
    assert title == "the template `title` failed: `nope` is missing"
    assert summary.startswith("the template `summary` failed: unexpected end of template")


def test_the_words_of_a_rule(alert, words):
    """Facts, fields and labels as a reader sees them."""
    shown = present(alert, words)
    assert shown.title == "Voice route of 447700900000 changed from sip to app"
    assert shown.summary == "ada@example.com moved 447700900000 to a1b2c3d4"
    assert shown.fields == (
        ("User email", "ada@example.com"),
        ("Source IP", "203.0.113.9"),
        ("Voice value", "a1b2c3d4"),
    )
    assert shown.problems == ()


def test_an_events_own_field_does_not_hide_the_engines(alert, event):
    """`count` is the alert's; the event's own is `event.count`."""
    changed = replace(alert, opener=event(0, count=7, rule="mine"))
    assert present(changed, Words(title="{{ count }} {{ event.count }} {{ rule.id }} {{ event.rule }}")).title == (
        "41 7 vonage-number-voice-type-changed mine"
    )


def test_fields_that_the_event_lacks_are_left_out(alert):
    """A field that is null is told, one that is missing is not."""
    words = Words(title="t", fields=tuple(map(parse_path, ("nope", "context.msisdn", "event_type"))))
    assert present(alert, words).fields == (("MSISDN", "447700900000"), ("Event type", "NUMBER_UPDATED"))


def test_presenting_twice_gives_the_same(alert, words):
    """A pure function of alert and words."""
    assert present(alert, words) == present(alert, words)


PIECES = st.sampled_from(
    (
        *("a ", "{{ user_email }}", "{{x}}", "{{ context.msisdn }}", "{{ nope }}", "{{ a.b.c.d }}", "{{ a.b.c.d.e }}"),
        *("{{ not }}", "{{ none }}", "{{ self }}", "{{ loop }}", "{{ is }}", "{{ if }}", "{{ 1 }}", "{{ x|upper }}"),
        *("%", "{", "}}", "{#", "\n"),
    )
)


@given(st.lists(PIECES, max_size=4).map("".join), st.sampled_from([None, {"user_email", "context", "x", "a", "not"}]))
def test_the_quick_look_at_simple_templates_sees_what_jinja_sees(source, known):
    """A template that only prints fields is not parsed; what is said of it is the same."""
    quick = check_template(source, "title", known)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trailbell_notifiers.words.checking._SHORT", -1)
        assert check_template(source, "title", known) == quick
