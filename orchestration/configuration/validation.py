"""Pydantic's errors turned into problems with a line, and the key that was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from orchestration.configuration.document import Document, Location
from orchestration.configuration.problems import Problem

Model = TypeVar("Model", bound=BaseModel)
SHOWN_CHARACTERS = 60  # of an offending value


def validate(
    model: type[Model], document: Document, data: dict[str, Any]
) -> tuple[Model | None, list[Problem]]:
    """Validate ``data`` from ``document``: the model, or None and every problem."""
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        return None, [_problem(model, document, details) for details in error.errors(include_url=False)]


def _problem(model: type[BaseModel], document: Document, details: ErrorDetails) -> Problem:
    # A check across sections names the key to look at in its context, since pydantic puts it at the root.
    location: Location = details.get("ctx", {}).get("at") or details["loc"]
    key = ".".join(str(part) for part in _in_file(document.data, location))
    parent, last = location[:-1], str(location[-1]) if location else ""
    match details["type"]:
        case "extra_forbidden":
            known = sorted(set(_keys_at(model, parent)))
            meant = difflib.get_close_matches(last, known, n=1)
            fix = f"did you mean `{meant[0]}`?" if meant else f"known: {', '.join(known)}"
            return document.problem(location, "unknown key", fix, key)
        case "missing":
            return document.problem(location, "required but not given", key=key)
        case "union_tag_not_found" | "union_tag_invalid":
            tag = str(details.get("ctx", {}).get("discriminator", "")).strip("'")
            message = details["msg"].removeprefix("Input ")
            return document.problem((*location, tag), message, key=f"{key}.{tag}")
    message = details["msg"].removeprefix("Value error, ").removeprefix("Input ")
    value = details["input"]
    if isinstance(value, str | int | float | bool) or value is None:
        message = f"{_shown(value)}: {message}"
    return document.problem(location, message, key=key)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 3] + "..."


def _in_file(data: Any, location: Location) -> Iterator[str | int]:
    """The parts of ``location`` without union tags, which stand in no file; a missing last part is kept."""
    for index, part in enumerate(location):
        last = index == len(location) - 1
        if isinstance(data, dict) and (part in data or last):
            yield part
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            yield part
            data = data[part]


def _keys_at(model: type[BaseModel], location: Location) -> Iterator[str]:
    models = [model]
    for part in location:
        fields = [
            found.model_fields[str(part)].annotation for found in models if str(part) in found.model_fields
        ]
        if fields:
            models = [found for annotation in fields for found in _models_in(annotation)]
        else:  # a union's tag keeps the models whose discriminator has that value
            models = [found for found in models if _tagged(found, str(part))] or models
    for found in models:
        yield from found.model_fields


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) is Annotated:
        yield from _models_in(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType, list, tuple, dict):
        for argument in get_args(annotation):
            yield from _models_in(argument)


def _tagged(model: type[BaseModel], tag: str) -> bool:
    return any(tag in get_args(found.annotation) for found in model.model_fields.values())
