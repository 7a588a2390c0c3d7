//! What the language refuses, by text; what it means is tested on rows (index/tests).

mod attributes;

use attributes::types;

use super::*;

#[test]
fn refusals_name_the_reason() {
    for (query, expected) in [
        // Syntax. Positions count from the beginning of "select * from table1 where …", as Temporal's do.
        ("Customer = 'a", "malformed SQL query: syntax error at position 41 near 'a'"),
        ("Customer = ", "malformed SQL query: syntax error at position 38"),
        ("Customer 'a'", "malformed SQL query: syntax error at position 40 near 'a'"),
        ("Customer = 'a' extra", "malformed SQL query: syntax error at position 48 near 'extra'"),
        ("Customer = 'a' AND", "malformed SQL query: syntax error at position 46"),
        ("(Customer = 'a'", "malformed SQL query: syntax error at position 43"),
        ("Customer ? 'a'", "malformed SQL query: syntax error at position 38 near '?'"),
        ("Customer = AND", "malformed SQL query: syntax error at position 42 near 'and'"),
        ("Customer IN 'a'", "malformed SQL query: syntax error at position 43 near 'a'"),
        ("Customer BETWEEN 'a'", "malformed SQL query: syntax error at position 48"),
        ("Customer NOT = 'a'", "malformed SQL query: syntax error at position 42"),
        ("Customer IS", "malformed SQL query: syntax error at position 39"),
        ("`Customer = 'a'", "malformed SQL query: syntax error at position 43 near 'Customer = 'a''"),
        ("group by", "malformed SQL query: syntax error at position 30"),
        // What there is not.
        ("Customer = 'a' ORDER BY StartTime", "operation is not supported: 'ORDER BY' clause"),
        ("order by StartTime desc, RunId", "operation is not supported: 'ORDER BY' clause"),
        ("Customer = 'a' LIMIT 5", "operation is not supported: 'LIMIT' clause"),
        ("Customer = 'a' GROUP BY ExecutionStatus, RunId", "operation is not supported: 'GROUP BY' clause supports only a single field"),
        ("GROUP BY WorkflowType", "operation is not supported: 'GROUP BY' clause is not supported for search attribute WorkflowType"),
        ("lower(Customer)", "operation is not supported: function expression"),
        ("Customer = lower('a')", "operation is not supported: nested func"),
        ("count(*) = 1", "invalid expression: must be a column name but was *sqlparser.FuncExpr"),
        ("true", "operation is not supported: expression of type sqlparser.BoolVal"),
        ("Customer", "invalid expression: incomplete expression"),
        ("Customer LIKE 'a%'", "operation is not supported: operator 'LIKE' not supported for Keyword type search attribute 'Customer'"),
        ("Customer <=> 'a'", "operation is not supported: operator '<=>' not supported for Keyword type search attribute 'Customer'"),
        ("Tags > 'a'", "operation is not supported: operator '>' not supported for KeywordList type search attribute 'Tags'"),
        (
            "Tags STARTS_WITH 'a'",
            "operation is not supported: operator 'STARTS_WITH' not supported for KeywordList type search attribute 'Tags'",
        ),
        ("Note IN ('a')", "operation is not supported: operator 'IN' not supported for Text type search attribute 'Note'"),
        (
            "Amount STARTS_WITH 1",
            "operation is not supported: operator 'STARTS_WITH' not supported for Double type search attribute 'Amount'",
        ),
        ("Customer IS TRUE", "invalid expression: 'IS' operator can only be used as 'IS NULL' or 'IS NOT NULL'"),
        // Names.
        ("Unknown = 'a'", "invalid search attribute: Unknown"),
        ("customer = 'a'", "invalid search attribute: customer"),
        ("TemporalCustomer = 'a'", "invalid search attribute: TemporalCustomer"),
        ("1 = 1", "invalid expression: must be a column name but was *sqlparser.SQLVal"),
        (
            "Customer = a",
            "operation is not supported: column name on the right side of comparison expression (did you forget to quote \"a\"?)",
        ),
        // Values.
        ("Customer = 5", "invalid expression: invalid value type for search attribute Customer of type Keyword: 5 (type: int64)"),
        ("Pieces = 'a'", "invalid expression: invalid value type for search attribute Pieces of type Int: \"a\" (type: string)"),
        ("Pieces = true", "invalid expression: invalid value type for search attribute Pieces of type Int: true (type: bool)"),
        ("Paid = 1", "invalid expression: invalid value type for search attribute Paid of type Bool: 1 (type: int64)"),
        ("Due = 'yesterday'", "invalid expression: unable to parse datetime 'yesterday'"),
        ("Due > 1.5", "invalid expression: invalid value type for search attribute Due of type Datetime: 1.5 (type: float64)"),
        ("Note = ' - '", "invalid expression: no tokens found filtering on Text type search attribute Note"),
        ("Tags BETWEEN 'a' AND 'b'", "invalid expression: cannot do range condition on search attribute 'Tags' of type KeywordList"),
        ("Paid BETWEEN true AND false", "invalid expression: cannot do range condition on search attribute 'Paid' of type Bool"),
        ("ExecutionStatus = 'running'", "invalid expression: invalid ExecutionStatus value 'running'"),
        ("ExecutionStatus = 99", "invalid expression: invalid ExecutionStatus value 99"),
        (
            "ExecutionStatus = true",
            "invalid expression: invalid value type for search attribute ExecutionStatus of type Keyword: true (type: bool)",
        ),
        ("ExecutionDuration > 'soon'", "invalid expression: invalid duration value for search attribute ExecutionDuration: soon"),
        ("ExecutionDuration > 1.5", "invalid expression: unexpected value type float64 for search attribute ExecutionDuration"),
        ("Pieces = -'a'", "invalid expression: unary operator not supported in \"-'a'\""),
        ("Pieces = -(10)", "invalid expression: unexpected value type *sqlparser.ParenExpr"),
        ("Pieces = ~1", "operation is not supported: unary operator \"~\""),
        ("Pieces = 1 + 1", "invalid expression: unexpected value type *sqlparser.BinaryExpr"),
        ("Pieces + 1 = 1", "invalid expression: must be a column name but was *sqlparser.BinaryExpr"),
        ("Pieces IN (SELECT f(1) FROM table1)", "invalid expression: unexpected value type *sqlparser.Subquery"),
        ("Pieces IN (SELECT 1", "malformed SQL query: syntax error at position 47"),
        ("Pieces IN ()", "malformed SQL query: syntax error at position 40"),
        ("Pieces IN (1, 'a')", "invalid expression: invalid value type for search attribute Pieces of type Int: \"a\" (type: string)"),
        (
            "ExecutionDuration > true",
            "invalid expression: invalid value type for search attribute ExecutionDuration of type Int: true (type: bool)",
        ),
        (
            "ExecutionStatus STARTS_WITH 'Running'",
            "invalid expression: right-hand side of \"starts_with\" operator must be a literal string (got: Running)",
        ),
        ("this is not a query", "malformed SQL query: syntax error at position 41 near 'a'"),
        ("bad query", "malformed SQL query: syntax error at position 37 near 'query'"),
        ("Customer = NULL", "invalid expression: unexpected value type *sqlparser.NullVal"),
        ("Pieces = 99999999999999999999x", "malformed SQL query: syntax error at position 58 near 'x'"),
    ] {
        let error = Query::parse(Scope::Workflows, query, &types()).expect_err(query).to_string();
        assert_eq!(error, format!("invalid query: {expected}"), "{query}");
    }
}

#[test]
fn nesting_has_a_limit() {
    let deep = |depth: usize| format!("{}Customer = 'a'{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Query::parse(Scope::Workflows, &deep(100), &types()).is_ok());
    for query in [deep(100_000), format!("{}Customer = 'a'", "not ".repeat(100_000)), format!("Pieces = {}1", "- ".repeat(100_000))] {
        let error = Query::parse(Scope::Workflows, &query, &types()).expect_err("too deep").to_string();
        assert_eq!(error, "invalid query: malformed SQL query: max nesting level reached");
    }
}

#[test]
fn long_chains_are_flat_and_their_length_has_a_limit() {
    let chain = |count: usize, joint: &str| vec!["Pieces = 1"; count].join(joint);
    let parse = |query: &str| Query::parse(Scope::Workflows, query, &types()).map_err(|error| error.to_string());
    for joint in [" AND ", " OR "] {
        assert!(parse(&chain(1000, joint)).is_ok());
        let error = parse(&chain(20_000, joint)).expect_err("too long");
        assert!(error.starts_with("invalid query: malformed SQL query: more than "), "{error}");
        assert_eq!(parse(&chain(1001, joint)).expect_err("too long"), "invalid query: malformed SQL query: more than 1000 conditions");
    }
    let Filter::And(parts) = parse(&chain(3, " AND ")).expect("a query").filter else { panic!("a conjunction") };
    assert!(matches!(&parts[0], Filter::And(chain) if chain.len() == 3));
}

#[test]
fn values_and_lengths_have_limits() {
    let list = |count: usize| format!("Pieces IN ({})", vec!["1"; count].join(","));
    let parse = |query: &str| Query::parse(Scope::Workflows, query, &types()).map_err(|error| error.to_string());
    assert!(parse(&list(10_000)).is_ok());
    assert_eq!(parse(&list(10_001)), Err("invalid query: malformed SQL query: more than 10000 values".to_owned()));
    assert_eq!(parse(&list(130_000)), Err("invalid query: malformed SQL query: more than 250000 names, values and symbols".to_owned()));
    let words = format!("Note = '{}'", "a ".repeat(10_001));
    assert_eq!(parse(&words), Err("invalid query: malformed SQL query: more than 10000 values".to_owned()));
    let long = format!("Customer = '{}'", "a".repeat(1 << 20));
    assert_eq!(parse(&long), Err("invalid query: malformed SQL query: more than 1048576 bytes".to_owned()));
}

#[test]
fn namespace_divisions_are_hidden_unless_mentioned() {
    let hidden = Filter::Test(Field::Column(Column::NamespaceDivision), Test::IsNull { negated: false });
    let parse = |query: &str| Query::parse(Scope::Workflows, query, &types()).expect(query).filter;
    assert_eq!(parse(""), Filter::And(vec![hidden.clone()]));
    let Filter::And(parts) = parse("Customer = 'a' OR RunId = 'b'") else { panic!("a conjunction") };
    assert_eq!(parts[1], hidden);
    for mention in
        ["TemporalNamespaceDivision = 'x'", "NamespaceDivision IS NOT NULL", "Customer = 'a' OR not (TemporalNamespaceDivision IS NULL)"]
    {
        let Filter::And(parts) = parse(mention) else { panic!("a conjunction") };
        assert_eq!(parts.len(), 1, "{mention}");
    }
}

#[test]
fn filters_of_schedules_name_no_attribute_of_the_system() {
    let error = |query: &str| Query::parse(Scope::Schedules, query, &types()).map(|_| ()).map_err(|error| error.to_string());
    for allowed in
        ["", "Customer = 'a'", "TemporalSchedulePaused = true", "SchedulePaused = false", "ScheduleId STARTS_WITH 'x' OR Pieces > 1"]
    {
        assert_eq!(error(allowed), Ok(()), "{allowed}");
    }
    for (query, name) in [
        ("ExecutionDuration > 1", "ExecutionDuration"),
        ("Customer = 'a' AND ExecutionStatus = 'Running'", "ExecutionStatus"),
        ("WorkflowId = 'x'", "WorkflowId"),
        ("NOT (TemporalNamespaceDivision IS NULL)", "TemporalNamespaceDivision"),
        ("TemporalScheduledById = 'x'", "TemporalScheduledById"),
        ("BuildIds = 'x'", "BuildIds"),
        ("GROUP BY ExecutionStatus", "ExecutionStatus"),
    ] {
        assert_eq!(error(query), Err(format!("invalid query filter for schedules: cannot filter on \"{name}\"")), "{query}");
    }
    assert_eq!(error("Unknown = 1"), Err("invalid query: invalid search attribute: Unknown".to_owned()));
    assert!(error("Customer = ").unwrap_err().starts_with("invalid query: malformed SQL query"));
}

#[test]
fn not_goes_down_to_the_leaves() {
    let filter =
        Query::parse(Scope::Workflows, "NOT (Customer = 'a' AND NOT (Pieces > 3 OR Paid IS NULL))", &types()).expect("a query").filter;
    let same = Query::parse(Scope::Workflows, "Customer != 'a' OR (Pieces > 3 OR Paid IS NULL)", &types()).expect("a query").filter;
    assert_eq!(filter, same);
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(query in "([A-Za-z'\"`()=<>!, .0-9\\\\-]|AND |OR |NOT |IN |BETWEEN |IS |NULL |é|🦀){0,40}") {
        let _ = Query::parse(Scope::Workflows, &query, &types());
    }
}
