"""Tests of the check: python3 -m unittest discover scripts/structure."""

import importlib.util
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Dict, Set, Tuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from graph import circles  # noqa: E402
from rust import Crate, tokens_of  # noqa: E402

specification = importlib.util.spec_from_file_location("structure", HERE / "__main__.py")
structure = importlib.util.module_from_spec(specification)
specification.loader.exec_module(structure)


def uses(**files: str) -> Set[Tuple[str, str]]:
    """The uses of a crate of these files: `a__b` is the module `a/b.rs`, `lib` its root."""
    with tempfile.TemporaryDirectory() as directory:
        for name, text in files.items():
            file = Path(directory, *name.split("__")).with_suffix(".rs")
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        found = {(user, used) for user, used, _ in Crate(Path(directory, "lib.rs")).uses()}
        return {tuple(str(file.relative_to(directory).with_suffix("")) for file in use) for use in found}


class Uses(unittest.TestCase):
    def test_a_use_goes_to_the_file_that_defines_the_name(self) -> None:
        lib = "mod a; mod b; pub use b::{Thing as Other, *};"
        for a in (
            "use crate::b::Thing;",
            "use crate::Other;",
            "use super::{b::{self, Thing}};",
            "fn f() { crate::b::Thing::new() }",
            "use crate::b; fn f() -> b::Thing { b::Thing }",
            "fn f() { use crate::b::Thing; }",
            "use crate::*; fn f(thing: Thing) {}",
            "pub use crate::b::Thing; fn f(thing: Thing) {}",
            "use crate::b::Thing as _;",
            "macro_rules! m { () => { $crate::b::Thing } }",
        ):
            self.assertEqual(uses(lib=lib, a=a, b="pub struct Thing;"), {("a", "b")}, a)

    def test_what_only_declares_and_exports_uses_nothing(self) -> None:
        self.assertEqual(uses(lib="pub mod a; pub use a::Thing; pub(crate) use a::*;", a="pub struct Thing;"), set())
        self.assertEqual(uses(lib="mod a; mod b;", a="pub use crate::b::Thing;", b="pub struct Thing; use crate::b;"), set())

    def test_a_parent_that_defines_for_its_children_and_calls_them_is_in_a_circle(self) -> None:
        child = "use super::Context; pub fn run(context: Context) {}"
        found = uses(lib="mod a; pub struct Context; fn all() { a::run(Context) }", a=child)
        self.assertEqual(found, {("lib", "a"), ("a", "lib")})
        found = uses(lib="mod a; mod context; use context::Context; fn all() { a::run(Context) }", a=child, context="pub struct Context;")
        self.assertEqual(found, {("lib", "a"), ("lib", "context"), ("a", "context")})

    def test_other_crates_comments_texts_and_tests_count_for_nothing(self) -> None:
        a = '''
            //! [`crate::b::Thing`]
            /* crate::b::Thing /* nested */ crate::b::Thing */
            use other::b::Thing;
            const TEXT: &str = "crate::b::Thing \\" crate::b::Thing";
            const RAW: &str = r#"crate::b::Thing " crate::b::Thing"#;
            const MARKS: [char; 3] = ['"', '\\'', 'x'];
            fn f<'a>(b: &'a str) -> usize { b.Thing() }
            #[cfg(test)]
            mod tests { use crate::b::Thing; fn f() {} }
            #[cfg(test)]
            use crate::b::Thing;
        '''
        self.assertEqual(uses(lib="mod a; mod b;", a=a, b="pub struct Thing;"), set())

    def test_what_stands_behind_tests_is_read(self) -> None:
        a = "#[cfg(test)]\nconst A: [u8; 2] = [1, 2];\n#[derive(Debug)]\npub struct S { a: crate::b::Thing }"
        self.assertEqual(uses(lib="mod a; mod b;", a=a, b="pub struct Thing;"), {("a", "b")})

    def test_modules_within_files_and_folders_are_found(self) -> None:
        found = uses(lib="mod a;", a="pub mod inner { pub struct Thing; } pub mod b; mod c;", a__b="use super::inner::Thing;", a__c="use super::b::Thing;")
        self.assertEqual(found, {("a/b", "a"), ("a/c", "a")})
        found = uses(lib="mod a;", a__mod="pub mod b; pub mod c;", a__b="use super::c::Thing;", a__c="pub enum Thing { One }")
        self.assertEqual(found, {("a/b", "a/c")})

    def test_a_type_uses_the_files_of_the_methods_that_it_calls_on_itself(self) -> None:
        lib = "mod a; mod b;"
        a = "pub struct Core<T>(T); impl<T: Fn() -> u8> Core<T> { fn own(&self) { self.far(1); self.field.own(); } }"
        b = "use crate::a::Core; impl<T> Core<T> where T: Copy { fn far(&self, n: u8) {} } impl<T> Other for Core<T> { fn own() {} }"
        self.assertEqual(uses(lib=lib, a=a, b=b), {("a", "b"), ("b", "a")})
        self.assertEqual(uses(lib=lib, a=a.replace("self.far(1)", "other.far(1)"), b=b), {("b", "a")})

    def test_tokens_know_lifetimes_from_characters(self) -> None:
        self.assertEqual(tokens_of("&'a r#type 'b' b'\\n' 1.5 // end"), ["&", "type", '""', '""', '""'])


class Circles(unittest.TestCase):
    def test_each_use_in_a_circle_is_shown_by_a_shortest_one(self) -> None:
        graph = {"a": {"b", "c"}, "b": {"a"}, "c": {"d"}, "d": {"a", "e"}, "e": set()}
        self.assertEqual(circles(graph), [["a", "b", "a"], ["a", "c", "d", "a"]])

    def test_known_uses_excuse_their_circles_and_only_as_long_as_they_are_needed(self) -> None:
        uses: Dict[Tuple[str, str], Set[str]] = {("a", "b"): {"X"}, ("b", "a"): {"Y"}, ("b", "c"): {"Z"}}
        self.assertEqual(structure.circle_problems(uses, {("b", "a")}), [])
        [problem] = structure.circle_problems(uses, set())
        self.assertEqual(problem, "circle: a -> b -> a\n    a uses X\n    b uses Y")
        [gone, needless] = structure.circle_problems(uses, {("b", "a"), ("b", "c"), ("c", "d")})
        self.assertIn("no longer needed: circle b -> c", gone)
        self.assertIn("no longer needed: circle c -> d", needless)
        [needless] = structure.circle_problems(uses, {("b", "a"), ("a", "b")})[:1]
        self.assertIn("no longer needed", needless)

    def test_the_list_of_what_is_known_is_read(self) -> None:
        self.assertEqual(structure.read_known("# why\ncircle a -> b  # c\nlong d\n\n"), ({("a", "b")}, {"d"}))
        with self.assertRaises(ValueError):
            structure.read_known("circle a b")


if __name__ == "__main__":
    unittest.main()
