//! The table of figures.

use std::fmt;

/// The line above the rows.
pub const HEADING: &str =
    "attack      figure                               twinproof    nginx  limit";

/// The measurements of an attack.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Row {
    pub attack: &'static str,
    /// The figure and its unit.
    pub figure: String,
    pub own: f64,
    /// nginx's; none where it has no such thing, or is not there.
    pub nginx: Option<f64>,
    pub limit: Limit,
}

/// The limit of a figure.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    AtMost(f64),
    /// So many times nginx's. Without nginx nothing is known, and nothing is beyond it.
    TimesNginx(f64),
}

impl Row {
    pub fn new(attack: &'static str, figure: impl Into<String>, own: f64, limit: Limit) -> Self {
        Self { attack, figure: figure.into(), own, nginx: None, limit }
    }

    /// Beside nginx's figure.
    pub fn beside(self, nginx: Option<f64>) -> Self {
        Self { nginx, ..self }
    }

    /// Whether the figure is within its limit; `true` where nginx was to be compared and not measured.
    pub fn holds(&self) -> bool {
        match self.limit {
            Limit::AtMost(most) => self.own <= most,
            // Without nginx nothing can be compared; the figure is shown all the same.
            Limit::TimesNginx(times) => self.nginx.is_none_or(|nginx| self.own <= times * nginx),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nginx = self.nginx.map_or_else(|| "–".to_owned(), number);
        let limit = match self.limit {
            Limit::AtMost(most) => number(most),
            Limit::TimesNginx(times) => format!("{times} x nginx"),
        };
        let beyond = if self.holds() { "" } else { "  BEYOND" };
        let (attack, figure, own) = (self.attack, &self.figure, number(self.own));
        write!(f, "{attack:<11} {figure:<37} {own:>8} {nginx:>8}  {limit}{beyond}")
    }
}

/// At most three significant digits.
fn number(value: f64) -> String {
    match value {
        v if v.abs() >= 100.0 || v.fract() == 0.0 => format!("{v:.0}"),
        v if v.abs() >= 10.0 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::within(2.0, Some(1.0), Limit::TimesNginx(2.0), true)]
    #[case::beyond(2.1, Some(1.0), Limit::TimesNginx(2.0), false)]
    #[case::not_compared(2.1, None, Limit::TimesNginx(2.0), true)]
    #[case::exactly(0.0, None, Limit::AtMost(0.0), true)]
    #[case::more(1.0, Some(9.0), Limit::AtMost(0.0), false)]
    fn limits(
        #[case] own: f64,
        #[case] nginx: Option<f64>,
        #[case] limit: Limit,
        #[case] holds: bool,
    ) {
        let row = Row::new("name", "figure", own, limit).beside(nginx);
        assert_eq!(row.holds(), holds);
        assert_eq!(row.to_string().ends_with("BEYOND"), !holds);
    }

    #[test]
    fn rows_fit_a_terminal() {
        let row = Row::new("smuggling", "x".repeat(37), 123.4, Limit::TimesNginx(1.5));
        assert!(row.to_string().chars().count() <= 80, "{row}");
        assert!(HEADING.chars().count() <= 80);
    }
}
