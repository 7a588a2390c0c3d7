"""Reads Rust source far enough to know which file uses what of which other file.

It knows modules, definitions, `use` lines, paths and the calls that a type makes on itself. It knows no types of values: a call of a
method counts only when it is made on `self`.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Set, Tuple, Union

TOKEN = re.compile(
    r"""
      (?P<blank>\s+|//[^\n]*)
    | (?P<comment>/\*)
    | (?P<raw>b?c?r(?P<hashes>\#*)"(?s:.*?)"(?P=hashes))
    | (?P<string>[bc]?"(?:[^"\\]|\\(?s:.))*")
    | (?P<char>b?'(?:[^'\\\n]|\\(?:x..|u\{[^}]*\}|.))')
    | (?P<lifetime>'[A-Za-z_]\w*)
    | (?P<word>(?:r\#)?[A-Za-z_]\w*)
    | (?P<number>\d[\w]*(?:\.\d\w*)?)
    | (?P<mark>::|->|=>|.)
    """,
    re.VERBOSE,
)
OPENING = {"(": ")", "[": "]", "{": "}"}
CLOSING = set(OPENING.values())
ITEMS = {"fn", "struct", "enum", "union", "trait", "type", "const", "static", "impl", "mod", "use", "macro_rules", "extern"}
# Items that end with `;` whatever braces they have.
ENDS_WITH_SEMICOLON = {"type", "const", "static", "use"}
WORD = re.compile(r"[A-Za-z_]\w*")


def tokens_of(text: str) -> List[str]:
    """The tokens of a source text, without comments; a literal is one token that begins with a quotation mark."""
    tokens: List[str] = []
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        assert match is not None, f"no token at {text[at:at + 40]!r}"
        at = match.end()
        kind = match.lastgroup
        if kind == "comment":
            at = end_of_comment(text, at)
        elif kind == "string":
            tokens.append(text[match.start() : at].lstrip("bc"))
        elif kind in ("raw", "hashes", "char", "number"):
            tokens.append('""')
        elif kind in ("word", "mark"):
            tokens.append(match.group().removeprefix("r#"))
    return tokens


def end_of_comment(text: str, at: int) -> int:
    """The place behind a block comment whose opening ends at `at`; such comments nest."""
    depth = 1
    while depth and at < len(text):
        depth += {"/*": 1, "*/": -1}.get(text[at : at + 2], 0)
        at += 2 if text[at : at + 2] in ("/*", "*/") else 1
    return at


@dataclass
class Definition:
    """A name that stands for something defined in a file."""

    file: Path
    module: "Module"
    name: str


@dataclass
class Alias:
    """A name that a `use` line brings in. `shown`: the line is a re-export."""

    path: Tuple[str, ...]
    shown: bool


@dataclass
class Module:
    """A module: a file, or a part of one."""

    crate: "Crate"
    file: Path
    # Where its child modules' files stand.
    directory: Path
    parent: Optional["Module"]
    names: Dict[str, Union[Definition, Alias, "Module"]] = field(default_factory=dict)
    globs: List[Alias] = field(default_factory=list)
    # Paths that its code names, and single words (they may come from a glob).
    paths: Set[Tuple[str, ...]] = field(default_factory=set)
    words: Set[str] = field(default_factory=set)
    # Per impl block: the type's path, whether it is an inherent one, methods defined there, and methods called on `self`.
    impls: List[Tuple[Tuple[str, ...], bool, Set[str], Set[str]]] = field(default_factory=list)


Found = Union[Definition, Module, None]


class Crate:
    """One compiled target: all modules below a root file. Tests (`#[cfg(test)]`) are left out."""

    def __init__(self, root: Path) -> None:
        self.modules: List[Module] = []
        self.root = self._read(root, root.parent, None)

    def uses(self) -> Iterator[Tuple[Path, Path, str]]:
        """All uses between different files: who, of whom, what."""
        methods = self._methods()
        for module in self.modules:
            for what, found in self._found(module):
                if isinstance(found, Definition) and found.file != module.file:
                    yield module.file, found.file, what
            for path, _, _, called in module.impls:
                found = self.resolve(module, path)
                if not isinstance(found, Definition):
                    continue
                for name in called:
                    for file in methods.get((id(found.module), found.name, name), set()):
                        if file != module.file:
                            yield module.file, file, f"{found.name}::{name}"

    def resolve(self, module: Module, path: Tuple[str, ...], seen: Tuple[Tuple[int, str], ...] = ()) -> Found:
        """What a path stands for, seen from a module; `None`: something of another crate."""
        here: Found = module
        for index, segment in enumerate(path):
            if not isinstance(here, Module):
                return here
            if segment == "crate":
                here = self.root
            elif segment == "super":
                here = here.parent
            elif segment != "self":
                here = self._named(here, segment, seen, index == 0)
        return here

    def _named(self, module: Module, name: str, seen: Tuple[Tuple[int, str], ...], is_first: bool) -> Found:
        if (id(module), name) in seen:
            return None
        seen = (*seen, (id(module), name))
        known = module.names.get(name)
        if isinstance(known, Alias):
            return self.resolve(module, known.path, seen)
        if known is not None:
            return known
        for glob in module.globs:
            target = self.resolve(module, glob.path, seen)
            if isinstance(target, Module) and (found := self._named(target, name, seen, False)) is not None:
                return found
        if is_first or any(self.resolve(module, glob.path, seen) is None for glob in module.globs):
            return None
        # Written by a macro or at build time.
        return Definition(module.file, module, name)

    def _found(self, module: Module) -> Iterator[Tuple[str, Found]]:
        for name, known in module.names.items():
            if isinstance(known, Alias) and (not known.shown or name in module.words):
                yield name, self.resolve(module, known.path)
        for path in module.paths:
            yield "::".join(path), self.resolve(module, path)
        if module.globs:
            for word in module.words - module.names.keys():
                yield word, self._named(module, word, (), True)

    def _methods(self) -> Dict[Tuple[int, str, str], Set[Path]]:
        """Files of the methods of each type."""
        methods: Dict[Tuple[int, str, str], Set[Path]] = {}
        for module in self.modules:
            for path, is_inherent, defined, _ in module.impls:
                found = self.resolve(module, path)
                if is_inherent and isinstance(found, Definition):
                    for name in defined:
                        methods.setdefault((id(found.module), found.name, name), set()).add(module.file)
        return methods

    def _read(self, file: Path, directory: Path, parent: Optional[Module]) -> Module:
        module = Module(self, file, directory, parent)
        self.modules.append(module)
        Reader(self, module, tokens_of(file.read_text(encoding="utf-8"))).read()
        return module

    def child(self, parent: Module, name: str, path: Optional[str]) -> Optional[Module]:
        """The module that `mod name;` declares; `None` when its file is not there."""
        if path is not None:
            file = parent.file.parent / path
            return self._read(file, file.parent, parent) if file.is_file() else None
        for file in (parent.directory / f"{name}.rs", parent.directory / name / "mod.rs"):
            if file.is_file():
                return self._read(file, parent.directory / name, parent)
        return None


class Reader:
    """Reads the tokens of one module."""

    def __init__(self, crate: Crate, module: Module, tokens: List[str]) -> None:
        self.crate = crate
        self.module = module
        self.tokens = tokens

    def read(self) -> None:
        """Reads all items."""
        at, attributes = 0, ""
        while at < len(self.tokens):
            token = self.tokens[at]
            if token == "#":
                opening = self.tokens.index("[", at)
                end = self._closed(opening)
                if self.tokens[at + 1] == "[":
                    attributes += " ".join(self.tokens[opening : end]) + "\n"
                at = end
            elif token == "pub" and self.tokens[at + 1] == "(":
                at = self._closed(at + 1)
            elif token in ITEMS:
                end = self._end(at)
                if "cfg ( test )" not in attributes and "cfg ( all ( test" not in attributes:
                    self._item(at, end, self._is_shown(at), attributes)
                at, attributes = end, ""
            else:
                at += 1

    def _is_shown(self, at: int) -> bool:
        return at > 0 and (self.tokens[at - 1] == "pub" or self.tokens[at - 1] == ")")

    def _closed(self, opening: int) -> int:
        """The place behind the bracket that closes the one at `opening`."""
        depth = 0
        for at in range(opening, len(self.tokens)):
            depth += (self.tokens[at] in OPENING) - (self.tokens[at] in CLOSING)
            if depth == 0:
                return at + 1
        return len(self.tokens)

    def _end(self, at: int) -> int:
        """The place behind the item whose keyword stands at `at`."""
        keyword = self.tokens[at]
        is_function = keyword in ("const", "extern") and "fn" in self.tokens[at + 1 : at + 4]
        while at < len(self.tokens):
            token = self.tokens[at]
            if token == ";":
                return at + 1
            if token in OPENING:
                at = self._closed(at)
                if token == "{" and (is_function or keyword not in ENDS_WITH_SEMICOLON):
                    return at
            else:
                at += 1
        return at

    def _item(self, at: int, end: int, shown: bool, attributes: str) -> None:
        keyword = self.tokens[at]
        if keyword == "use":
            self._use(at + 1, end - 1, shown)
            return
        if keyword == "mod":
            self._mod(at, end, attributes)
            return
        if keyword == "impl":
            self._impl(at, end)
        elif keyword == "macro_rules":
            self._define(self.tokens[at + 2])
        else:
            while self.tokens[at] in ("const", "extern", "unsafe", "async", "fn", "static", "mut", '""'):
                at += 1
            if WORD.fullmatch(self.tokens[at]):
                at += self.tokens[at] in ITEMS
                self._define(self.tokens[at])
        self._code(at, end)

    def _define(self, name: str) -> None:
        self.module.names[name] = Definition(self.module.file, self.module, name)

    def _mod(self, at: int, end: int, attributes: str) -> None:
        name = self.tokens[at + 1]
        if self.tokens[at + 2] == ";":
            path = re.search(r'path = "([^"]*)"', attributes)
            child = self.crate.child(self.module, name, path.group(1) if path else None)
        else:
            child = Module(self.crate, self.module.file, self.module.directory / name, self.module)
            self.crate.modules.append(child)
            Reader(self.crate, child, self.tokens[at + 3 : end - 1]).read()
        if child is not None:
            self.module.names[name] = child

    def _use(self, at: int, end: int, shown: bool, before: Tuple[str, ...] = ()) -> None:
        """One tree of a `use` line, from `at` to before `end`."""
        path = before
        while at < end:
            token = self.tokens[at]
            if token == "{":
                close = self._closed(at) - 1
                start = at = at + 1
                while at <= close:
                    if at == close or self.tokens[at] == ",":
                        if start < at:
                            self._use(start, at, shown, path)
                        start = at = at + 1
                    else:
                        at = self._closed(at) if self.tokens[at] == "{" else at + 1
                return
            if token == "*":
                self.module.globs.append(Alias(path, shown))
                return
            if token == "as":
                self._bring(self.tokens[at + 1], path, shown)
                return
            if token != "::":
                path = (*path, token)
            at += 1
        if path[-1] == "self":
            path = path[:-1]
        if path:
            self._bring(path[-1], path, shown)

    def _bring(self, name: str, path: Tuple[str, ...], shown: bool) -> None:
        # `use x::X as _`: as many as there are.
        if name == "_":
            self.module.paths.add(path)
        # A name may stand for itself: `pub use clock::clock` beside `mod clock`.
        elif path != (name,) and not isinstance(self.module.names.get(name), Definition):
            known = self.module.names.get(name)
            if isinstance(known, Module):
                self.module.paths.update({path} if not shown else set())
            else:
                self.module.names[name] = Alias(path, shown)

    def _impl(self, at: int, end: int) -> None:
        head, angle = [], 0
        body = at + 1
        while body < end and self.tokens[body] not in ("{", "where"):
            token = self.tokens[body]
            angle += (token == "<") - (token == ">")
            if angle == 0:
                head.append(token)
            body += 1
        while body < end and self.tokens[body] != "{":
            body += 1
        is_inherent = "for" not in head
        words = head if is_inherent else head[head.index("for") + 1 :]
        path = tuple(word for word in words if WORD.fullmatch(word) and word not in ("mut", "dyn", "const"))
        defined, called, depth = set(), set(), 0
        for place in range(body, end):
            token = self.tokens[place]
            depth += (token in OPENING) - (token in CLOSING)
            following = self.tokens[place + 1 : place + 4]
            if token == "fn" and depth == 1:
                defined.add(following[0])
            elif token == "self" and following[:1] == ["."] and following[2:3] == ["("]:
                called.add(following[1])
            elif token == "Self" and following[:1] == ["::"]:
                called.add(following[1])
        if path:
            self.module.impls.append((path, is_inherent, defined, called))

    def _code(self, at: int, end: int) -> None:
        """Gathers what the tokens name."""
        while at < end:
            token = self.tokens[at]
            if token == "use" and at + 1 < end and WORD.fullmatch(self.tokens[at + 1]):
                close = self.tokens.index(";", at)
                self._use(at + 1, close, False)
                at = close
            elif token == "pub" and self.tokens[at + 1] == "(":
                at = self._closed(at + 1)
            elif WORD.fullmatch(token) and self.tokens[at - 1] not in (".", "::", "fn"):
                path = [token]
                while at + 2 < end and self.tokens[at + 1] == "::" and WORD.fullmatch(self.tokens[at + 2]):
                    at += 2
                    path.append(self.tokens[at])
                if len(path) > 1:
                    self.module.paths.add(tuple(path))
                self.module.words.add(path[0])
                at += 1
            else:
                at += 1
