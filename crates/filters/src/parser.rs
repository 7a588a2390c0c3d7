//! Turns tokens into a syntax tree. Syntax that the language does not have is parsed only as far as the error needs to name it.

use super::lexer::{Spanned, Token, syntax_error, tokens, too_many};
use crate::{Error, Result};

/// Deepest nesting of a filter, as in Temporal's parser. Parsing, resolving and SQLite's own parser recurse once per level.
const DEPTH_MAX: usize = 200;

/// Most conditions of one filter. SQLite tests them for each run, and Temporal's SQLite store refuses chains of about this length.
pub(super) const CONDITIONS_MAX: usize = 1000;

/// Words that cannot be names.
const KEYWORDS: &[&str] = &[
    "and",
    "or",
    "not",
    "in",
    "is",
    "null",
    "true",
    "false",
    "between",
    "like",
    "starts_with",
    "group",
    "order",
    "by",
    "limit",
    "asc",
    "desc",
    "where",
    "select",
    "from",
    "having",
    "regexp",
    "rlike",
    "union",
    "join",
    "case",
    "exists",
];

/// Operators between values.
const ARITHMETIC: &[&str] = &["+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"];

/// A parsed filter.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Statement {
    pub(super) filter: Option<Expression>,
    pub(super) group_by: Vec<Expression>,
    pub(super) order_by: bool,
    pub(super) limit: bool,
}

impl Expression {
    /// The type's name in Temporal's parser, which its messages use.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::And(..) => "*sqlparser.AndExpr",
            Self::Or(..) => "*sqlparser.OrExpr",
            Self::Not(_) => "*sqlparser.NotExpr",
            Self::Compare(..) => "*sqlparser.ComparisonExpr",
            Self::Between(..) => "*sqlparser.RangeCond",
            Self::Is(..) => "*sqlparser.IsExpr",
            Self::Column(_) => "*sqlparser.ColName",
            Self::Text(_) | Self::Number(_) => "*sqlparser.SQLVal",
            Self::Bool(_) => "sqlparser.BoolVal",
            Self::Null => "*sqlparser.NullVal",
            Self::Tuple(_) => "sqlparser.ValTuple",
            Self::Signed(..) => "*sqlparser.UnaryExpr",
            Self::Arithmetic => "*sqlparser.BinaryExpr",
            Self::Function => "*sqlparser.FuncExpr",
            Self::Subquery => "*sqlparser.Subquery",
            Self::Paren(_) => "*sqlparser.ParenExpr",
        }
    }
}

/// A part of a filter, as written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    /// Two or more conditions. A chain is one flat list, so that its length causes no recursion.
    And(Vec<Expression>),
    /// Two or more conditions, as one flat list too.
    Or(Vec<Expression>),
    Not(Box<Expression>),
    /// Left side; the operator as Temporal spells it ("=", "not in", "starts_with"); right side.
    Compare(Box<Expression>, &'static str, Box<Expression>),
    /// The value that is tested; from; to; true for NOT BETWEEN.
    Between(Box<Expression>, Box<Expression>, Box<Expression>, bool),
    /// The value that is tested; what follows IS: "null", "not null", "true", …
    Is(Box<Expression>, &'static str),
    Column(String),
    Text(String),
    Number(String),
    Bool(bool),
    Null,
    Tuple(Vec<Expression>),
    Signed(char, Box<Expression>),
    /// Two values and an arithmetic operator between them.
    Arithmetic,
    Function,
    Subquery,
    Paren(Box<Expression>),
}

/// Parses a filter and the clauses behind it.
pub(super) fn parse(text: &str) -> Result<Statement> {
    let text = text.trim();
    let lower = text.get(..8.min(text.len())).unwrap_or_default().to_ascii_lowercase();
    let bare = text.is_empty() || lower == "order by" || lower == "group by";
    let mut parser = Parser { tokens: tokens(text, !bare)?, at: 0, where_: !bare, depth: 0, conditions: 0 };
    let filter = if bare { None } else { Some(parser.expression()?) };
    let mut statement = Statement { filter, group_by: Vec::new(), order_by: false, limit: false };
    if parser.take_word("group") {
        parser.expect_word("by")?;
        statement.group_by.push(parser.operand()?);
        while parser.take_symbol(",") {
            statement.group_by.push(parser.operand()?);
        }
    }
    if parser.take_word("order") {
        parser.expect_word("by")?;
        statement.order_by = true;
        loop {
            parser.operand()?;
            let _ = parser.take_word("asc") || parser.take_word("desc");
            if !parser.take_symbol(",") {
                break;
            }
        }
    }
    if parser.take_word("limit") {
        statement.limit = true;
        parser.operand()?;
        if parser.take_symbol(",") {
            parser.operand()?;
        }
    }
    match parser.peek() {
        Token::End => Ok(statement),
        _ => Err(parser.error()),
    }
}

struct Parser {
    tokens: Vec<Spanned>,
    at: usize,
    where_: bool,
    depth: usize,
    conditions: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.at.min(self.tokens.len() - 1)].token
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    /// The error for the next token, which is in the wrong place.
    fn error(&self) -> Error {
        let last = self.tokens.len() - 1;
        let at = self.at.min(last);
        // A statement may end with a semicolon. The error is then about the token behind it.
        let at = if self.tokens[at].token == Token::Symbol(";") { (at + 1).min(last) } else { at };
        let Spanned { token, end } = &self.tokens[at];
        let near = match token {
            Token::Word(word) if is_keyword(word) => Some(word.to_ascii_lowercase()),
            Token::Word(text) | Token::Quoted(text) | Token::Text(text) | Token::Number(text) => Some(text.clone()),
            Token::Symbol(_) | Token::End => None,
        };
        syntax_error(self.where_, *end, near.as_deref())
    }

    fn ahead_is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Word(ahead) if ahead.eq_ignore_ascii_case(word))
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.ahead_is_word(word);
        self.at += usize::from(found);
        found
    }

    fn expect_word(&mut self, word: &str) -> Result<()> {
        if self.take_word(word) { Ok(()) } else { Err(self.error()) }
    }

    fn take_symbol(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Token::Symbol(ahead) if *ahead == symbol);
        self.at += usize::from(found);
        found
    }

    fn expect_symbol(&mut self, symbol: &str) -> Result<()> {
        if self.take_symbol(symbol) { Ok(()) } else { Err(self.error()) }
    }

    fn expression(&mut self) -> Result<Expression> {
        self.enter()?;
        let first = self.and()?;
        let mut parts = Vec::new();
        while self.take_word("or") || self.take_symbol("||") {
            parts.push(self.and()?);
        }
        self.depth -= 1;
        Ok(chain(first, parts, Expression::Or))
    }

    fn and(&mut self) -> Result<Expression> {
        let first = self.not()?;
        let mut parts = Vec::new();
        while self.take_word("and") || self.take_symbol("&&") {
            parts.push(self.not()?);
        }
        Ok(chain(first, parts, Expression::And))
    }

    /// Goes one level deeper. Every recursion of the parser passes here.
    fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Error::InvalidQuery("malformed SQL query: max nesting level reached".to_owned()));
        }
        Ok(())
    }

    fn not(&mut self) -> Result<Expression> {
        if self.take_word("not") || self.take_symbol("!") {
            self.enter()?;
            let inner = self.not()?;
            self.depth -= 1;
            return Ok(Expression::Not(Box::new(inner)));
        }
        self.predicate()
    }

    fn predicate(&mut self) -> Result<Expression> {
        self.conditions += 1;
        if self.conditions > CONDITIONS_MAX {
            return Err(too_many(CONDITIONS_MAX, "conditions"));
        }
        let left = self.value()?;
        if self.take_word("is") {
            let negated = self.take_word("not");
            let what = match (self.next(), negated) {
                (Token::Word(word), false) if word.eq_ignore_ascii_case("null") => "null",
                (Token::Word(word), true) if word.eq_ignore_ascii_case("null") => "not null",
                (Token::Word(word), _) if word.eq_ignore_ascii_case("true") => "true",
                (Token::Word(word), _) if word.eq_ignore_ascii_case("false") => "false",
                _ => {
                    self.at -= 1;
                    return Err(self.error());
                }
            };
            return Ok(Expression::Is(Box::new(left), what));
        }
        let negated = self.take_word("not");
        if self.take_word("between") {
            let from = self.value()?;
            self.expect_word("and")?;
            let to = self.value()?;
            return Ok(Expression::Between(Box::new(left), Box::new(from), Box::new(to), negated));
        }
        if self.take_word("in") {
            self.expect_symbol("(")?;
            let operator = if negated { "not in" } else { "in" };
            if self.ahead_is_word("select") {
                return Ok(compare(left, operator, self.subquery()?));
            }
            let mut values = vec![self.value()?];
            while self.take_symbol(",") {
                values.push(self.value()?);
            }
            self.expect_symbol(")")?;
            return Ok(compare(left, operator, Expression::Tuple(values)));
        }
        for (word, plain, not) in
            [("starts_with", "starts_with", "not starts_with"), ("like", "like", "not like"), ("regexp", "regexp", "not regexp")]
        {
            if self.take_word(word) {
                let right = self.value()?;
                return Ok(compare(left, if negated { not } else { plain }, right));
            }
        }
        if negated {
            return Err(self.error());
        }
        for (symbol, operator) in
            [("=", "="), ("!=", "!="), ("<>", "!="), ("<=>", "<=>"), ("<=", "<="), (">=", ">="), ("<", "<"), (">", ">")]
        {
            if self.take_symbol(symbol) {
                let right = self.value()?;
                return Ok(compare(left, operator, right));
            }
        }
        Ok(left)
    }

    /// Reads an operand, or several with arithmetic operators between them.
    fn value(&mut self) -> Result<Expression> {
        let first = self.operand()?;
        let mut is_single = true;
        while ARITHMETIC.iter().any(|symbol| self.take_symbol(symbol)) {
            self.operand()?;
            is_single = false;
        }
        Ok(if is_single { first } else { Expression::Arithmetic })
    }

    fn operand(&mut self) -> Result<Expression> {
        if self.take_symbol("(") {
            let first = self.expression()?;
            if !self.take_symbol(",") {
                self.expect_symbol(")")?;
                return Ok(Expression::Paren(Box::new(first)));
            }
            let mut values = vec![first, self.expression()?];
            while self.take_symbol(",") {
                values.push(self.expression()?);
            }
            self.expect_symbol(")")?;
            return Ok(Expression::Tuple(values));
        }
        for (symbol, sign) in [("-", '-'), ("+", '+'), ("~", '~')] {
            if self.take_symbol(symbol) {
                self.enter()?;
                let inner = self.operand()?;
                self.depth -= 1;
                return Ok(Expression::Signed(sign, Box::new(inner)));
            }
        }
        let expression = match self.peek().clone() {
            Token::Text(text) => Expression::Text(text),
            Token::Number(number) => Expression::Number(number),
            Token::Quoted(name) => Expression::Column(name),
            Token::Word(word) if word.eq_ignore_ascii_case("true") => Expression::Bool(true),
            Token::Word(word) if word.eq_ignore_ascii_case("false") => Expression::Bool(false),
            Token::Word(word) if word.eq_ignore_ascii_case("null") => Expression::Null,
            Token::Word(word) if !is_keyword(&word) => Expression::Column(word),
            _ => return Err(self.error()),
        };
        self.at += 1;
        if matches!(expression, Expression::Column(_)) && self.take_symbol("(") {
            return self.function();
        }
        Ok(expression)
    }

    /// Skips a subquery to its closing parenthesis.
    fn subquery(&mut self) -> Result<Expression> {
        let mut open = 1;
        while open > 0 {
            match self.peek() {
                Token::End => return Err(self.error()),
                Token::Symbol("(") => open += 1,
                Token::Symbol(")") => open -= 1,
                _ => {}
            }
            self.at += 1;
        }
        Ok(Expression::Subquery)
    }

    /// Skips the arguments of a function call. No query may have one.
    fn function(&mut self) -> Result<Expression> {
        if self.take_symbol(")") {
            return Ok(Expression::Function);
        }
        loop {
            if !self.take_symbol("*") {
                self.expression()?;
            }
            if !self.take_symbol(",") {
                break;
            }
        }
        self.expect_symbol(")")?;
        Ok(Expression::Function)
    }
}

/// A chain of these expressions; if there is only one, that one alone.
fn chain(first: Expression, mut rest: Vec<Expression>, of: fn(Vec<Expression>) -> Expression) -> Expression {
    if rest.is_empty() {
        return first;
    }
    rest.insert(0, first);
    of(rest)
}

fn compare(left: Expression, operator: &'static str, right: Expression) -> Expression {
    Expression::Compare(Box::new(left), operator, Box::new(right))
}

fn is_keyword(word: &str) -> bool {
    KEYWORDS.iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
}
