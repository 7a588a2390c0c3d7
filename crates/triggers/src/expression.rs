//! Expressions in CEL: compiled once, and bounded.

use std::sync::{Arc, OnceLock};

use cel::{
    Context, Env, Program, Value,
    common::ast::{EntryExpr, Expr, IdedExpr},
};

use crate::{
    limits::{ADDITIONS_MAX, EXPRESSION_BYTES_MAX, EXPRESSION_NODES_MAX, REASON_BYTES_MAX, STEPS_MAX},
    record::{Format, Unwrap},
};

/// Functions that an expression may call by name.
const FUNCTIONS: &[&str] = &[
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "string",
    "int",
    "uint",
    "double",
    "bool",
    "bytes",
    "duration",
    "timestamp",
    "type",
    "dyn",
    "getFullYear",
    "getMonth",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getHours",
    "getMinutes",
    "getSeconds",
    "getMilliseconds",
];

/// What an expression may be made of: the variables that there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope {
    pub(crate) format: Format,
    pub(crate) unwrap: Unwrap,
}

impl Scope {
    fn variables(self) -> &'static [&'static str] {
        match self.unwrap {
            Unwrap::None => &["value", "key", "headers", "topic", "partition", "offset", "time"],
            Unwrap::Debezium => &["value", "before", "op", "key", "headers", "topic", "partition", "offset", "time"],
        }
    }
}

/// A compiled expression.
#[derive(Debug)]
pub(crate) struct Expression {
    program: Program,
    text: String,
    /// It goes through a list or a map.
    loops: bool,
}

/// What an expression needs to know of a record.
pub(crate) struct Seen<'v> {
    pub(crate) context: Context<'v, 'v>,
    /// Number of values in the record, and its bytes.
    pub(crate) values: usize,
    pub(crate) bytes: usize,
}

/// The functions that there are.
pub(crate) fn env() -> Arc<Env> {
    static ENV: OnceLock<Arc<Env>> = OnceLock::new();
    ENV.get_or_init(|| Arc::new(Env::stdlib())).clone()
}

impl Expression {
    /// Compiles an expression.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(text: &str, scope: Scope) -> Result<Self, String> {
        if text.len() > EXPRESSION_BYTES_MAX {
            return Err(format!("the expression has {} bytes, more than {EXPRESSION_BYTES_MAX}", text.len()));
        }
        if text.trim().is_empty() {
            return Err("the expression is empty".to_owned());
        }
        // The parser goes one level deeper with each of these, on the stack.
        check_nesting(text)?;
        let program = env().compile(text).map_err(|errors| one_line(&errors.to_string()))?;
        let mut looked = Looked { scope, nodes: 0, additions: 0, loops: false, bound: Vec::new() };
        looked.at(program.expression(), false)?;
        let loops = looked.loops;
        Ok(Self { program, text: text.to_owned(), loops })
    }

    /// The value of the expression.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn value(&self, seen: &Seen<'_>) -> Result<Value, String> {
        if self.loops && seen.values.saturating_mul(seen.bytes) > STEPS_MAX {
            let Seen { values, bytes, .. } = seen;
            return Err(format!(
                "The record is too large ({values} values, {bytes} bytes) for {:?}, which goes through a list.",
                self.text
            ));
        }
        self.program.execute(&seen.context).map_err(|error| one_line(&format!("{:?} failed: {error}.", self.text)))
    }

    /// Whether the expression is true.
    ///
    /// # Errors
    /// It is neither true nor false.
    pub(crate) fn holds(&self, seen: &Seen<'_>) -> Result<bool, String> {
        match self.value(seen)? {
            Value::Bool(holds) => Ok(holds),
            other => Err(format!("{:?} gave a {}, and not true or false.", self.text, other.type_of())),
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// Deepest brackets of an expression.
const NESTING_MAX: usize = 24;

fn check_nesting(text: &str) -> Result<(), String> {
    let (mut depth, mut signs) = (0_usize, 0_usize);
    for it in text.chars() {
        match it {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        signs = if matches!(it, '!' | '-') { signs + 1 } else { 0 };
        if depth > NESTING_MAX || signs > NESTING_MAX {
            return Err(format!("the expression is nested deeper than {NESTING_MAX} levels"));
        }
    }
    Ok(())
}

struct Looked {
    scope: Scope,
    nodes: usize,
    additions: usize,
    loops: bool,
    /// Variables of loops.
    bound: Vec<String>,
}

impl Looked {
    fn at(&mut self, node: &IdedExpr, within: bool) -> Result<(), String> {
        self.nodes += 1;
        if self.nodes > EXPRESSION_NODES_MAX {
            return Err(format!("the expression has more than {EXPRESSION_NODES_MAX} parts"));
        }
        match &node.expr {
            Expr::Unspecified | Expr::Literal(_) => Ok(()),
            Expr::Ident(name) => self.ident(name),
            Expr::Select(select) => self.at(&select.operand, within),
            Expr::Call(call) => {
                let name = call.func_name.as_str();
                if name == "_+_" {
                    self.additions += 1;
                    if self.additions > ADDITIONS_MAX {
                        return Err(format!("the expression has more than {ADDITIONS_MAX} additions"));
                    }
                }
                let is_operator = name.starts_with(['_', '@', '!', '-']);
                if !is_operator && !FUNCTIONS.contains(&name) {
                    return Err(format!("there is no function {name:?}"));
                }
                call.target.iter().map(|target| &**target).chain(&call.args).try_for_each(|node| self.at(node, within))
            }
            Expr::List(list) => list.elements.iter().try_for_each(|node| self.at(node, within)),
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => self.at(&entry.key, within).and_then(|()| self.at(&entry.value, within)),
                EntryExpr::StructField(field) => self.at(&field.value, within),
            }),
            Expr::Struct(_) => Err("messages cannot be made here".to_owned()),
            Expr::Comprehension(it) => {
                if within {
                    return Err("one loop (all, exists, exists_one, filter, map) cannot stand in another".to_owned());
                }
                self.loops = true;
                self.at(&it.iter_range, true)?;
                let before = self.bound.len();
                self.bound.extend([it.iter_var.clone(), it.accu_var.clone()].into_iter().chain(it.iter_var2.clone()));
                for node in [&it.accu_init, &it.loop_cond, &it.loop_step, &it.result] {
                    self.at(node, true)?;
                }
                self.bound.truncate(before);
                Ok(())
            }
        }
    }

    fn ident(&self, name: &str) -> Result<(), String> {
        let types = ["int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type", "type"];
        let known = self.scope.variables();
        if name.starts_with('@') || known.contains(&name) || types.contains(&name) || self.bound.iter().any(|bound| bound == name) {
            return Ok(());
        }
        Err(format!("there is no variable {name:?}; there are {}", known.join(", ")))
    }
}

/// The text in one line, and not longer than a reason may be.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    cut(&mut line);
    line
}

/// Cuts a reason that is too long.
pub(crate) fn cut(text: &mut String) {
    if text.len() > REASON_BYTES_MAX {
        let mut end = REASON_BYTES_MAX;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
}
