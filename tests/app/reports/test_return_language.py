import csv
import io

import pytest
from returned import month

from app.reports.errors import TemplateError
from app.reports.return_language import MOST_OUTPUT, render

FIELDS = month("police", "wardens", plan_name="Nights", definition="<b>&")
DANGERS = "=1+1", "@x", "+x", "-x", "\n=1+1", "\r=1+1", 'say "so", x'


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ("{{ plan_name }}: {{ total.patrols }}", "Nights: 7"),
        ("{{ total.person_hours }}", "12345.68"),
        ("{{ total.person_hours | fixed(1) }}", "12345.7"),
        ("{{ (total.person_hours * 2) | fixed(3) }}", "24691.356"),
        ("{{ first_day }} {{ settled }}", "2026-10-01 no"),
        ("{{ total.coverage_percent }}", "not known"),
        ("{{ total.coverage_percent * 2 + 1 }}", "not known"),
        ("{{ total.coverage_percent | default('-') }}", "-"),
        ("{% if total.coverage_percent is none %}?{% else %}!{% endif %}", "?"),
        (
            "{% for one in organisations %}\n{{ loop.index }} {{ one.name }}\n{% endfor %}",
            "1 police\n2 wardens\n",
        ),
        (
            "{% for a in organisations %}{% if not loop.last %}{{ a.name }}{% endif %}{% endfor %}",
            "police",
        ),
        ("{% for one in abstractions %}{{ one.reason }}{% else %}none{% endfor %}", "none"),
        (
            "{% for one in organisations if one.name == 'police' %}{{ one.name }}{% endfor %}",
            "police",
        ),
        ("{{ definition }}", "<b>&"),
    ],
)
def test_fields_are_shown_as_a_person_reads_them(source: str, made: str) -> None:
    assert render("x.txt", source, FIELDS, ".txt") == made


def test_a_page_escapes_what_it_shows() -> None:
    assert render("x.html", "<i>{{ definition }}</i>", FIELDS, ".html") == "<i>&lt;b&gt;&amp;</i>"


def test_a_table_holds_no_formula_and_keeps_its_columns() -> None:
    fields = month(*DANGERS)
    source = "{% for one in organisations %}\n{{ one.name }},{{ one.patrols }}\n{% endfor %}"
    made = render("x.csv", source, fields, ".csv")
    assert made == (
        "'=1+1,1.5\r\n'@x,1.5\r\n'+x,1.5\r\n'-x,1.5\r\n"
        '"\'\n=1+1",1.5\r\n"\'\r=1+1",1.5\r\n"say ""so"", x",1.5\r\n'
    )
    # It is the whole field that is none, and a dash for what is not known is none.
    dash = "{{ total.coverage_percent | default('-') }}"
    source = f"{dash},{dash}{{{{ plan }}}},{{{{ plan }}}}{dash},a {{{{ plan_name }}}}"
    made = render("x.csv", source, month(plan="1+1", plan_name="=x"), ".csv")
    assert made == "-,'-1+1,1+1-,a =x\r\n"
    # A number below nought is one.
    source = "{{ 0 - total.patrols }},{{ (0 - total.patrols) | fixed(1) }}"
    assert render("x.csv", source, fields, ".csv") == "-7,-7.0\r\n"


@pytest.mark.parametrize(
    "source",
    [
        "Return,{{ plan_name }} ({{ month }}),1\n\n",
        'Return,"{{ plan_name }} ({{ month }})",1\r\n\n',
    ],
)
def test_a_field_of_a_table_is_quoted_whole(source: str) -> None:
    fields = month(plan_name='Nights, "late"\nx')
    made = render("x.csv", source, fields, ".csv")
    assert made == 'Return,"Nights, ""late""\nx (x)",1\r\n\r\n'
    assert list(csv.reader(io.StringIO(made, newline=""))) == [
        ["Return", 'Nights, "late"\nx (x)', "1"],
        [],
    ]


def test_a_template_that_makes_no_table_is_refused() -> None:
    with pytest.raises(TemplateError, match=r"x\.csv: line 2 of what it makes is no CSV"):
        render("x.csv", 'a\n"b', FIELDS, ".csv")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("a\n{{ person_hours }}", "x.txt, line 2: there is no field person_hours"),
        ("{{ total.persn_hours }}", "did you mean total.person_hours?"),
        ("{{ total.persn_hours }}", "there are total.person_hours, total.officer_minutes"),
        ("{% if settled %}{{ nothing }}{% endif %}", "there is no field nothing"),
        ("{{ plan.key }}", "there is no field plan.key"),
        ("{{ organisation.name }}", "{% for organisation in organisations %}"),
        ("{{ organisations }}", "{% for organisation in organisations %}"),
        ("{% for a in abstractions %}{{ a.name }}{% endfor %}", "there is no field a.name"),
        ("{{ total }}", "total has many fields"),
        ("{% for one in officers %}{% endfor %}", "there is no list officers"),
        ("{{ plan", "x.txt, line 1: unexpected end of template"),
        ("{{ plan | nothing }}", "No filter named 'nothing'"),
        ("{{ plan * 2 }}", "x.txt, line 1: * is for numbers"),
        ("a\n{{ plan }}\n{{ total.patrols / 0 }}", "x.txt, line 3: division by zero"),
        ("\n{{ ''.__class__ }}", "line 2: a return's template has no use for a dot but between"),
        ("{{ plan.upper() }}", "has no use for calling anything"),
        ("{% include 'x' %}", "has no use for “include”"),
    ],
)
def test_what_is_wrong_is_said_by_name_and_place(source: str, told: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render("x.txt", source, FIELDS, ".txt")
    assert told in str(caught.value)
    assert str(caught.value).startswith("x.txt")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% extends 'x' %}",
        "{% macro m() %}{{ m() }}{% endmacro %}",
        "{% set x = 1 %}",
        "{{ range(10) }}",
        "{{ plan.upper() }}",
        "{{ plan['x'] }}",
        "{{ ''.__class__ }}",
        "{{ total.__class__ }}",
        "{{ 9 ** 9 }}",
        "{{ 'x' % 9 }}",
        "{{ plan ~ plan }}",
        "{% for one in organisations recursive %}{% endfor %}",
        "{% for a, b in organisations %}{% endfor %}",
        "{% for a in hotspots %}" * 3 + "{% endfor %}" * 3,
        "{% autoescape false %}{% endautoescape %}",
    ],
)
def test_what_could_load_call_or_go_on_for_ever_is_refused(source: str) -> None:
    with pytest.raises(TemplateError):
        render("x.txt", source, FIELDS, ".txt")


def test_output_is_bounded() -> None:
    many = month(*("x" * 200 for _ in range(300)))
    twice = "{% for a in organisations %}{% for b in organisations %}{{ b.name }}"
    with pytest.raises(TemplateError, match=f"more than {MOST_OUTPUT >> 20} million"):
        render("x.txt", twice + "{% endfor %}{% endfor %}", many, ".txt")
