"""What the model gives where it is asked for a plan: steps, of which nothing is carried out."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class PlanStep(BaseModel):
    """One step of a plan."""

    model_config = ConfigDict(frozen=True)

    description: str
    tool: str = ""


class Plan(BaseModel):
    """Structured steps for a goal; nothing has been carried out."""

    model_config = ConfigDict(frozen=True)

    steps: tuple[PlanStep, ...]

    def describe(self) -> str:
        """Return the plan for people: one numbered line a step."""
        lines: list[str] = []
        for number, step in enumerate(self.steps, start=1):
            tool = f" [{step.tool}]" if step.tool else ""
            lines.append(f"{number}. {step.description}{tool}")
        return "\n".join(lines)
