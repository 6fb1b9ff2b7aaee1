//! The policy's text, looked at before a server sees it: one expression over columns of the row,
//! the same whenever it is asked.

use crate::value::Kind;
use sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, InTarget, UnaryOperator,
    Value,
};
use sqlparser::dialect::MySqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer, Whitespace};
use std::collections::BTreeSet;
use std::fmt::{Display, Formatter};

/// No longer text is read, in bytes.
const LONGEST: usize = 16 << 10;
/// No expression is read with more parentheses within each other; the parser needs much stack.
const DEPTH: usize = 16;
/// No longer chain of operators is read, each being a level.
const CHAIN: usize = 200;

/// Functions whose result depends on their arguments alone.
const FUNCTIONS: [&str; 27] = [
    "ABS",
    "ASCII",
    "CHAR_LENGTH",
    "COALESCE",
    "CONCAT",
    "DATE",
    "DAY",
    "FLOOR",
    "GREATEST",
    "HOUR",
    "IF",
    "IFNULL",
    "LEAST",
    "LEFT",
    "LENGTH",
    "LOWER",
    "MOD",
    "MONTH",
    "NULLIF",
    "REPLACE",
    "RIGHT",
    "ROUND",
    "SUBSTR",
    "SUBSTRING",
    "TRIM",
    "UPPER",
    "YEAR",
];

/// The type of a comparison's literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Literal {
    /// A number.
    Number,
    /// A text.
    Text,
}

/// A predicate that no server will be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PredicateError(String);

/// A predicate over the columns of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Predicate {
    text: String,
    columns: BTreeSet<String>,
    compared: Vec<(String, Literal)>,
}

impl Predicate {
    /// Reads the text.
    ///
    /// # Errors
    /// When it is no single expression, or has something whose value may change: subqueries,
    /// variables, functions that are not listed, comments (which some servers execute).
    pub fn read(text: &str) -> Result<Self, PredicateError> {
        let wrong = |why: String| PredicateError(why);
        if text.len() > LONGEST {
            return Err(wrong("the predicate is longer than 16 KiB".to_owned()));
        }
        // Which of these comments are executed depends on the server and its version.
        if text.contains("/*") {
            return Err(wrong("a predicate cannot have comments".to_owned()));
        }
        let dialect = MySqlDialect {};
        let tokens = Tokenizer::new(&dialect, text).tokenize();
        let tokens = tokens.map_err(|e| wrong(e.message))?;
        for token in &tokens {
            match token {
                Token::Whitespace(
                    Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_),
                ) => return Err(wrong("a predicate cannot have comments".to_owned())),
                Token::SemiColon => {
                    return Err(wrong("a predicate is one expression".to_owned()));
                }
                _ => {}
            }
        }
        // The limit is on what the parser recurses into; a chain of operators is a loop there and
        // depth here.
        let mut parser = Parser::new(&dialect).with_recursion_limit(DEPTH).with_tokens(tokens);
        let expression = parser.parse_expr().map_err(|e| wrong(e.to_string()))?;
        if parser.peek_token().token != Token::EOF {
            let rest = parser.peek_token();
            return Err(wrong(format!("a predicate is one expression, found `{rest}` after it")));
        }
        let mut read =
            Self { text: text.to_owned(), columns: BTreeSet::new(), compared: Vec::new() };
        read.visit(&expression, 0)?;
        if read.columns.is_empty() {
            return Err(wrong("a predicate names at least one column".to_owned()));
        }
        Ok(read)
    }

    /// The text, verbatim.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The columns it depends on, as written.
    #[must_use]
    pub fn columns(&self) -> &BTreeSet<String> {
        &self.columns
    }

    /// Whether a column of that kind is compared with a literal of another, which the server would
    /// convert in its own way.
    #[must_use]
    pub fn mismatch(&self, column: &str, kind: Kind) -> Option<Literal> {
        let differs = |literal: &Literal| match kind {
            Kind::Integer | Kind::Float | Kind::Decimal => *literal == Literal::Text,
            Kind::Text | Kind::Label | Kind::Moment | Kind::Bytes => *literal == Literal::Number,
            Kind::Json => true,
        };
        let of = |(name, _): &&(String, Literal)| name.eq_ignore_ascii_case(column);
        self.compared.iter().filter(of).map(|(_, literal)| *literal).find(differs)
    }

    fn visit(&mut self, expression: &Expr, depth: usize) -> Result<(), PredicateError> {
        let mut each =
            |parts: &[&Expr]| parts.iter().try_for_each(|part| self.visit(part, depth + 1));
        match expression {
            _ if depth > CHAIN => Err(PredicateError("the predicate is too deep".to_owned())),
            // `@x` and `@@x` are variables, which a session may change between two rows.
            Expr::Identifier(name) if name.value.starts_with('@') => Err(refused(expression)),
            Expr::Identifier(name) => {
                self.columns.insert(name.value.clone());
                Ok(())
            }
            Expr::Value(value) => match value.value {
                Value::Placeholder(_) => Err(refused(expression)),
                _ => Ok(()),
            },
            Expr::Nested(inner)
            | Expr::IsNull(inner)
            | Expr::IsNotNull(inner)
            | Expr::IsTrue(inner)
            | Expr::IsNotTrue(inner)
            | Expr::IsFalse(inner)
            | Expr::IsNotFalse(inner) => each(&[inner]),
            Expr::UnaryOp {
                op: UnaryOperator::Not | UnaryOperator::Minus | UnaryOperator::Plus,
                expr,
            } => each(&[expr]),
            Expr::BinaryOp { left, op, right } => {
                if !is_allowed(op) {
                    return Err(refused(op));
                }
                each(&[left, right])?;
                // Both ways: the literal may stand on either side.
                self.compare(left, &[right]);
                self.compare(right, &[left]);
                Ok(())
            }
            Expr::In { expr, target: InTarget::List(list), global: false, .. } => {
                let list: Vec<&Expr> = list.iter().collect();
                each(&[&[&**expr], &list[..]].concat())?;
                self.compare(expr, &list);
                Ok(())
            }
            Expr::Between { expr, low, high, .. } => {
                each(&[expr, low, high])?;
                self.compare(expr, &[low, high]);
                Ok(())
            }
            Expr::Like { any: false, expr, pattern, .. } => each(&[expr, pattern]),
            Expr::Collate { expr, .. } => each(&[expr]),
            Expr::Case { operand, conditions, else_result, .. } => {
                let pairs = conditions.iter().flat_map(|c| [&c.condition, &c.result]);
                let parts: Vec<&Expr> = operand
                    .as_deref()
                    .into_iter()
                    .chain(pairs)
                    .chain(else_result.as_deref())
                    .collect();
                each(&parts)
            }
            Expr::Trim { expr, trim_what, .. } => {
                let parts: Vec<&Expr> =
                    std::iter::once(&**expr).chain(trim_what.as_deref()).collect();
                each(&parts)
            }
            Expr::Function(function) => {
                let name = function.name.to_string().to_uppercase();
                let plain = function.over.is_none() && function.filter.is_none();
                let FunctionArguments::List(list) = &function.args else {
                    return Err(refused(expression));
                };
                if !plain || !FUNCTIONS.contains(&name.as_str()) {
                    return Err(refused(expression));
                }
                // Named arguments and `*` are refused: COUNT(*) is about more than one row.
                for argument in &list.args {
                    match argument {
                        FunctionArg::Unnamed(FunctionArgExpr::Expr(part)) => {
                            self.visit(part, depth + 1)?;
                        }
                        _ => return Err(refused(expression)),
                    }
                }
                Ok(())
            }
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                let parts: Vec<&Expr> = std::iter::once(&**expr)
                    .chain(substring_from.as_deref())
                    .chain(substring_for.as_deref())
                    .collect();
                each(&parts)
            }
            _ => Err(refused(expression)),
        }
    }

    fn compare(&mut self, column: &Expr, with: &[&Expr]) {
        let Expr::Identifier(name) = column else { return };
        for literal in with.iter().filter_map(|part| literal(part)) {
            self.compared.push((name.value.clone(), literal));
        }
    }
}

fn refused(part: &impl Display) -> PredicateError {
    PredicateError(format!(
        "`{part}` cannot stand in a predicate, which is asked for single rows: columns, literals, \
         comparisons, AND, OR, NOT, IN, BETWEEN, LIKE, IS, CASE, arithmetic and {}",
        FUNCTIONS.join(", ")
    ))
}

fn literal(part: &Expr) -> Option<Literal> {
    match part {
        Expr::Value(value) => match value.value {
            Value::Number(..) => Some(Literal::Number),
            Value::SingleQuotedString(_) | Value::DoubleQuotedString(_) => Some(Literal::Text),
            _ => None,
        },
        Expr::UnaryOp { expr, .. } | Expr::Nested(expr) => literal(expr),
        _ => None,
    }
}

fn is_allowed(op: &BinaryOperator) -> bool {
    use BinaryOperator as B;
    matches!(
        op,
        B::And
            | B::Or
            | B::Xor
            | B::Eq
            | B::NotEq
            | B::Lt
            | B::LtEq
            | B::Gt
            | B::GtEq
            | B::Spaceship
            | B::Plus
            | B::Minus
            | B::Multiply
            | B::Divide
            | B::Modulo
    )
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Number => "a number",
            Self::Text => "a text",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("user_type NOT IN ('VIP', 'CORP')", &["user_type"])]
    #[case("a IS NULL OR (`b` BETWEEN 1 AND 5 AND NOT c <=> 'x')", &["a", "b", "c"])]
    #[case("CASE WHEN a = 1 THEN b ELSE 0 END", &["a", "b"])]
    #[case("LOWER(TRIM(a)) LIKE 'x%'", &["a"])]
    #[case("a COLLATE utf8mb4_bin = 'x'", &["a"])]
    fn expressions_over_columns_are_read(#[case] text: &str, #[case] columns: &[&str]) {
        let read = Predicate::read(text).unwrap();
        assert_eq!(read.columns().iter().map(String::as_str).collect::<Vec<_>>(), columns);
        assert_eq!(read.text(), text);
    }

    #[rstest]
    #[case("")]
    #[case("1 = 1")]
    #[case("a = 1; DROP TABLE t")]
    #[case("a = 1 ORDER BY b")]
    #[case("a = (SELECT 1)")]
    #[case("a IN (SELECT b FROM c)")]
    #[case("EXISTS (SELECT 1)")]
    #[case("a = @x")]
    #[case("a = @@server_id")]
    #[case("a = NOW()")]
    #[case("a = RAND()")]
    #[case("a = SLEEP(9)")]
    #[case("a = ?")]
    #[case("a = 1 /*! OR 1 */")]
    #[case("a = 1 -- b")]
    #[case("t.a = 1")]
    #[case("a = COUNT(*)")]
    #[case("a = 'x")]
    fn function_whose_value_may_change_is_refused(#[case] text: &str) {
        assert!(Predicate::read(text).is_err(), "{text}");
    }

    #[test]
    fn comparisons_that_convert_are_found() {
        let read = Predicate::read("a = 1 AND 'x' < b AND c IN (1, 'y') AND d BETWEEN 1 AND 2");
        let read = read.unwrap();
        assert_eq!(read.mismatch("a", Kind::Integer), None);
        assert_eq!(read.mismatch("A", Kind::Text), Some(Literal::Number));
        assert_eq!(read.mismatch("b", Kind::Integer), Some(Literal::Text));
        assert_eq!(read.mismatch("c", Kind::Integer), Some(Literal::Text));
        assert_eq!(read.mismatch("d", Kind::Decimal), None);
        assert_eq!(read.mismatch("d", Kind::Moment), Some(Literal::Number));
    }

    #[test]
    fn deep_expressions_are_refused() {
        let deep = format!("{}a{}", "(".repeat(5000), ")".repeat(5000));
        assert!(Predicate::read(&deep).is_err());
        assert!(Predicate::read(&"NOT ".repeat(3000)).is_err());
        let long = format!("a = 1{}", " OR a = 1".repeat(1000));
        let _ = Predicate::read(&long);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text: String) {
            let _ = Predicate::read(&text);
        }
    }
}
