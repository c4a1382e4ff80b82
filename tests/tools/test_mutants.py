"""The mutants' tool: bugs with a name are caught in every op, and systematic ones are well made."""

import ast

import mutants
import mutants_known
import mutants_named
import mutants_run
import mutate
import pytest

from minitorch_cv.ops.catalog import op_named, op_names


@pytest.mark.parametrize("name", op_names())
def test_named_bugs_are_caught(name):
    op = op_named(name)
    alive = [
        bug
        for bug in mutants_named.bugs_of(op)
        if not mutants_run.first_red(mutants_named.plant(op, bug))
        and mutants_known.reason("named", f"{name}: {bug}") is None
    ]
    assert alive == []


@pytest.mark.parametrize("name", ["conv", "sum", "relu"])
def test_checks_are_green_without_a_bug(name):
    assert mutants_run.first_red(op_named(name)) == ""


def test_a_changed_file_runs_in_a_process_of_its_own():
    found = mutants.systematic(["permute"])
    chosen = [
        m
        for m in found
        if m.text
        in (
            "inverse[old] = new  →  inverse[new] = old",
            "array_module(gy).transpose(gy, tuple(inverse))  →  gy",
        )
    ]
    assert [bool(fate) for fate in mutants_run.run(chosen, {}, 2, lambda done: None)] == [
        True
    ] * len(chosen)
    assert chosen
    assert mutants_run.first_red(op_named("permute")) == ""  # nothing leaks into this process


def test_an_excuse_needs_a_mutant():
    """Every entry of mutants_known.py still fits a change that can be made."""
    found = {(m.where.partition(":")[0], m.text) for m in mutants.systematic(op_names())}
    found |= {(m.where, m.text) for m in mutants.named(op_names())}
    assert [entry for entry in mutants_known.KNOWN if entry not in found] == []


def test_the_page_of_survivors_is_up_to_date():
    assert mutants_known.PAGE.read_text(encoding="utf-8") == mutants_known.page()


@pytest.mark.parametrize(
    "source, expected",
    [
        ("return a + b", {"a - b"}),
        ("return a / b", {"a * b"}),
        ("return a < b", {"a <= b"}),
        ("return -a", {"a"}),
        ("return x[1]", {"x[2]"}),
        ("return f(a, axis=b)", {"a", "f(a)"}),
        ("return xp.maximum(a, b)", {"a", "xp.minimum(a, b)"}),
        ("a += b", {"a = b", "a -= b"}),
        ("return f(*a, order=(b, c))", {"f(*a)", "(c, b)"}),
        ("return a if b else c", {"c if b else a"}),
        ("if a: return b", {"if not a"}),
        ("raise ValueError(a + b)", set()),
        ('"""Doc: 1 + 1."""', set()),
        ("return isinstance(a, (b, c)) and a", {"isinstance(a, (b, c)) or a"}),
        ("return range(len(tuple(a)))", set()),
    ],
)
def test_changes(source, expected):
    tree = ast.parse(f"def forward(a, b: int = 1):\n    {source}")
    assert {change.after for change in mutate.changes(tree.body[0])} == expected


def test_a_gradient_can_be_lost_in_backward_alone():
    tree = ast.parse("def backward(a, b):\n    return a, None")
    assert "(None, None)" in {change.after for change in mutate.changes(tree.body[0])}


def test_planted_takes_the_change_back():
    tree = ast.parse("def forward(a, b):\n    a += b\n    return a * (b + 2)")
    before = ast.dump(tree)
    for change in mutate.changes(tree.body[0]):
        with mutate.planted(change):
            assert ast.dump(tree) != before
            compile(tree, "changed", "exec")
        assert ast.dump(tree) == before


def test_exit_code_and_table(capsys):
    tree = ast.parse("def forward(a):\n    return a + 1")
    change = mutate.changes(tree.body[0])[0]
    bug = mutants_run.Mutant("sum", "reduce/sum.py:1", change.text, ("sum",), "", "", None, None)
    assert mutants.report([bug] * 20, ["gradcheck"] * 20) == 0
    assert "20 planted, 20 caught: 100.0 %" in capsys.readouterr().out
    assert mutants.report([bug] * 20, ["gradcheck"] * 19 + [""]) == 1  # it has no reason
    assert "a - 1" in capsys.readouterr().out
