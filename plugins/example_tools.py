"""Example tools: a greeting, and a calculator without ``eval``."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

from plugins import llm_tool

_LONGEST = 1000
_LARGEST_BITS = 4096

_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: operator.mod,
}
_UNARY: dict[type[ast.unaryop], Callable[[float], float]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "ceil": math.ceil,
    "floor": math.floor,
    "max": max,
    "min": min,
    "round": round,
    "sqrt": math.sqrt,
}
_CONSTANTS = {"e": math.e, "pi": math.pi}


@llm_tool("hello_world", "Greet somebody by name", {"name": str})
async def hello_world(name: str) -> str:
    """Return a greeting."""
    return f"Hello, {name}!"


@llm_tool(
    "calculate",
    "Calculate an arithmetic expression: numbers, + - * / // % **, parentheses, "
    "abs ceil floor max min round sqrt, e and pi",
    {"expression": str},
)
async def calculate(expression: str) -> str:
    """Return the value of an arithmetic expression.

    Raises:
        ValueError: If it is not such an expression, or its value is too large.
        ZeroDivisionError: If it divides by zero.
    """
    if len(expression) > _LONGEST:
        raise ValueError(f"the expression is longer than {_LONGEST} characters")
    try:
        tree = ast.parse(expression.strip(), mode="eval")
        return str(_value(tree.body))
    except (SyntaxError, RecursionError, MemoryError):
        raise ValueError("that is not an arithmetic expression") from None


def _value(node: ast.expr) -> float:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return _bounded(number)
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
            return _UNARY[type(op)](_value(operand))
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(_value(left), _value(right))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _bounded(_BINARY[type(op)](_value(left), _value(right)))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            return _bounded(_FUNCTIONS[name](*map(_value, arguments)))
        case _:
            raise ValueError("only numbers, operators and a few functions are understood")


def _power(base: float, exponent: float) -> float:
    # Bounded before it is computed: 9**9**9 would take for ever.
    whole = isinstance(base, int) and isinstance(exponent, int)
    if whole and abs(exponent) * max(1, int(abs(base)).bit_length()) > _LARGEST_BITS:
        raise ValueError("the value is too large")
    result = base**exponent
    if isinstance(result, complex):
        raise ValueError("the value is not a real number")
    return _bounded(result)


def _bounded(value: float) -> float:
    if isinstance(value, int) and value.bit_length() > _LARGEST_BITS:
        raise ValueError("the value is too large")
    return value
