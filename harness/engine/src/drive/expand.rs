//! Variables in whatever a step says of servers: in every text, however deep.

use super::error::StepError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use twinproof_steps::Scope;

/// A copy with the variables put into every text.
pub fn expanded<T: Serialize + DeserializeOwned>(what: &T, scope: &Scope) -> Result<T, StepError> {
    let broken = |e: serde_json::Error| StepError::Broken(e.to_string());
    let mut value = serde_json::to_value(what).map_err(broken)?;
    walk(&mut value, scope)?;
    serde_json::from_value(value).map_err(broken)
}

fn walk(value: &mut Value, scope: &Scope) -> Result<(), StepError> {
    match value {
        Value::String(text) if text.contains("${") => *text = scope.expand(text)?,
        Value::Array(list) => {
            for value in list {
                walk(value, scope)?;
            }
        }
        Value::Object(table) => {
            for value in table.values_mut() {
                walk(value, scope)?;
            }
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::expanded;
    use std::collections::BTreeMap;
    use twinproof_model::Rule;
    use twinproof_steps::Scope;

    #[test]
    fn every_text_is_expanded() {
        let scope = Scope::new(&BTreeMap::from([("o".to_owned(), "http://h".to_owned())]));
        let rule = Rule {
            path: "*".into(),
            redirect: Some("${o}/x".into()),
            replace: BTreeMap::from([("a".to_owned(), "${o}".to_owned())]),
            ..Rule::default()
        };
        let got = expanded(&vec![rule.clone()], &scope).unwrap();
        assert_eq!(got[0].redirect.as_deref(), Some("http://h/x"));
        assert_eq!(got[0].replace["a"], "http://h");
        assert!(expanded(&vec![rule], &Scope::default()).is_err());
    }
}
