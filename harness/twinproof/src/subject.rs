//! What is judged: for the path suite, an SDK version.

use twinproof_toolchain::Version;

/// The version that is judged when nobody says which.
const DEFAULT: &str = "1.27.3";

/// A toolchain as the subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Version of the SDK (`1.27.3`).
    pub version: String,
    /// Whether somebody asked for this version.
    pub asked: bool,
}

impl Subject {
    /// Reads `--subject`.
    ///
    /// # Errors
    /// When a kind is unknown, given twice, or no version.
    pub fn parse(given: &[String]) -> Result<Self, String> {
        let mut subject = Self { version: DEFAULT.into(), asked: false };
        for text in given {
            let (kind, value) = text
                .split_once('=')
                .ok_or_else(|| format!("--subject {text}: write KIND=VALUE, such as sdk=1.22.5"))?;
            if kind != "sdk" {
                return Err(format!("--subject {text}: unknown kind `{kind}`; there is `sdk`"));
            }
            if subject.asked {
                return Err(format!("--subject {text}: there is one SDK subject already"));
            }
            let version: Version = value.parse().map_err(|e| format!("--subject {text}: {e}"))?;
            subject = Self { version: version.to_string(), asked: true };
        }
        Ok(subject)
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "sdk={}", self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::Subject;
    use rstest::rstest;

    #[rstest]
    #[case(&[], Some("sdk=1.27.3"))]
    #[case(&["sdk=1.22.5"], Some("sdk=1.22.5"))]
    #[case(&["sdk=go1.22.5"], Some("sdk=1.22.5"))]
    #[case(&["sdk=latest"], None)]
    #[case(&["proxy=x"], None)]
    #[case(&["1.22.5"], None)]
    #[case(&["sdk=1.22.5", "sdk=1.27.3"], None)]
    fn subjects(#[case] given: &[&str], #[case] want: Option<&str>) {
        let given: Vec<_> = given.iter().map(|s| (*s).to_owned()).collect();
        let got = Subject::parse(&given).ok().map(|s| s.to_string());
        assert_eq!(got.as_deref(), want);
    }
}
