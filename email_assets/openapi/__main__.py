"""`email-assets vendor new --from openapi.yaml`: a first vendor file of an OpenAPI document.

Lists, keys, paging and times are guessed from names, and what was guessed is marked in the file;
`make check`, or `email-assets check`, then tells what to correct.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from email_assets.errors import EmailAssetsError
from email_assets.openapi.document import Document, DocumentError
from email_assets.openapi.guesses import client_of, resources_of
from email_assets.openapi.text import file_of, guesses_in

SHOWN = 8
"""Paths that a line names."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the file that the arguments name, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="email-assets vendor",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    new = parser.add_subparsers(required=True, metavar="new").add_parser("new")
    new.add_argument("--from", dest="document", type=Path, required=True, metavar="openapi.yaml")
    new.add_argument("file", type=Path, nargs="?", help="my_company.py, by default the API's name")
    chosen = parser.parse_args(arguments)
    try:
        _write(Document(chosen.document), chosen.file)
    except EmailAssetsError as error:
        print(error)
        return 1
    except RecursionError:
        print(f"Parts of {chosen.document} lie too deep in one another to be read.")
        return 1
    return 0


def _write(document: Document, file: Path | None) -> None:
    file = file or Path(f"{_module_name(document.title)}.py")
    section = f"sources.email.{_module_name(file.stem)}"
    try:
        client, resources = client_of(document, section), resources_of(document)
    except (AttributeError, KeyError, TypeError) as error:
        raise DocumentError(
            f"The document is not written as OpenAPI asks for ({type(error).__name__}: {error})."
        ) from None
    if not resources:
        raise DocumentError(
            "The document describes no list that can be read by GET without knowing an id first."
        )
    text = file_of(document.title, client, resources)
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise DocumentError(f"{file} is there already. Name another file, or remove it.") from None
    except OSError as error:
        raise DocumentError(f"{file} cannot be written ({error.strerror}).") from None
    names = ", ".join(str(resource["name"]) for resource in resources)
    many = "s" if len(resources) > 1 else ""
    print(f"{file}: {len(resources)} resource{many} ({names}).")
    print(f"{guesses_in([client, *resources])} lines are marked as guessed: look at them first.")
    if left_out := dict.fromkeys(document.left_out):
        shown = [*left_out][:SHOWN]
        shown += [f"{len(left_out) - SHOWN} more"] if len(left_out) > SHOWN else []
        print(f"Left out, since they give no list or want an id: {', '.join(shown)}")
    variable = section.upper().replace(".", "__")
    print("Then let `make check`, or `email-assets check`, tell what to correct:")
    print(f"  export SOURCES__EMAIL__VENDOR={file} {variable}__API_KEY=…")


def _module_name(text: str) -> str:
    found = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    return found if found[:1].isalpha() else f"api_{found}".rstrip("_")


if __name__ == "__main__":
    sys.exit(main())
