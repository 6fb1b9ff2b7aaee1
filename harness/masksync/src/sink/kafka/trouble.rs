//! Errors of brokers, with a remedy for the operator. No record is in the text: brokers do not
//! quote them.

use crate::server::Failed;
use crate::sink::SinkError;
use krafka::error::{ErrorCode, KrafkaError};

/// The error of an action.
pub(super) fn failed(doing: &str, error: &KrafkaError) -> SinkError {
    let text = error.to_string();
    let failed = |why: String, unreachable| {
        SinkError::Failed(Failed { doing: doing.to_owned(), why, code: None, unreachable })
    };
    let mended = |remedy: &str| failed(format!("{text}; {remedy}"), false);
    match error {
        KrafkaError::Fenced { .. } => SinkError::Fenced,
        KrafkaError::Broker { code, .. } => match (code, remedy(*code)) {
            // The last one is the coordinator's answer as long as it takes a transaction back for
            // another instance (its state PrepareEpochFence); later it is ProducerFenced.
            (
                ErrorCode::ProducerFenced
                | ErrorCode::InvalidProducerEpoch
                | ErrorCode::InvalidProducerIdMapping
                | ErrorCode::InvalidTxnState,
                _,
            ) => SinkError::Fenced,
            (_, Some(remedy)) => mended(remedy),
            // The broker does not say what happened to it: that may end by itself.
            (ErrorCode::UnknownServerError, None) => failed(text, true),
            (code, None) => failed(text, code.is_retriable()),
        },
        // The client also reports errors of the network so: the transaction has to begin anew.
        KrafkaError::TransactionAbortable { message } => match code_in(message).and_then(remedy) {
            Some(remedy) => mended(remedy),
            None => failed(text, true),
        },
        KrafkaError::Network(_) | KrafkaError::Timeout { .. } => failed(
            format!("{text}; is a broker of Kafka there, and is its listener one {LISTENER}?"),
            true,
        ),
        KrafkaError::Protocol { .. } => mended(&format!(
            "what answers there is no broker of Kafka 3.9 or newer, or its listener is not one \
             {LISTENER}"
        )),
        KrafkaError::UnknownTopic { .. } => mended(TOPIC),
        KrafkaError::Auth { .. } => mended(
            "`ca` names the certificates that the brokers' lead to, `password-file` and \
             `mechanism` what the user is known by",
        ),
        KrafkaError::DeliveryTimeout { .. } | KrafkaError::Closed { .. } => failed(text, true),
        _ => failed(text, error.is_retriable()),
    }
}

/// The broker's answer to a record of a transaction, which the library has in its message only.
pub(super) fn code_in(message: &str) -> Option<ErrorCode> {
    let (_, said) = message.rsplit_once("failed with ")?;
    let word = said.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
    (1..=i16::from(u8::MAX)).map(ErrorCode::from_i16).find(|code| format!("{code:?}") == word)
}

/// The remedy for an error that an operator has to mend.
fn remedy(code: ErrorCode) -> Option<&'static str> {
    use ErrorCode as Code;
    Some(match code {
        Code::MessageTooLarge | Code::RecordListTooLarge => {
            "a row is larger than the topic takes: raise the topic's `max.message.bytes` (and its \
             consumers' `fetch.max.bytes`), or give its long columns a class that makes less of them"
        }
        Code::UnknownTopicOrPartition => TOPIC,
        Code::TopicAuthorizationFailed => {
            "this user needs Write and Describe of the topics, Read of the state's, and Create \
             where they are to be made"
        }
        Code::TransactionalIdAuthorizationFailed => {
            "this user needs Write and Describe of the transactional ids that begin with \
             `twinproof-sync.`"
        }
        Code::ClusterAuthorizationFailed => {
            "this user needs IdempotentWrite of the cluster, or Write of a topic"
        }
        Code::InvalidTransactionTimeout => {
            "`transaction-seconds` is more than the brokers' `transaction.max.timeout.ms`"
        }
        Code::InvalidReplicationFactor => "`replication` is how many brokers are to have a topic",
        // Sent for a record without a key, which says that a whole table was emptied.
        Code::InvalidRecord => {
            "a compacted topic takes no record without a key, and one that says that a table was \
             emptied has none: set the topic's `cleanup.policy` to `delete`"
        }
        _ => return None,
    })
}

const TOPIC: &str = "create the topic, or let `create = true` do it";
const LISTENER: &str = "of plain text on this machine, and of TLS elsewhere or where `ca` is named";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_transaction_is_mended_where_somebody_can_mend_it() {
        let ended = |why: &str| {
            let text = format!("produce to masked.shop.users-0 failed with {why}");
            match failed("writing", &KrafkaError::transaction_abortable(text)) {
                SinkError::Failed(failed) => failed,
                other => unreachable!("{other}"),
            }
        };
        let large = ended("MessageTooLarge");
        assert!(large.why.contains("`max.message.bytes`") && !large.unreachable, "{large}");
        // The coordinator decides whether another instance writes.
        assert!(ended("InvalidProducerEpoch").unreachable);
        assert!(ended("a word that is no code").unreachable);
        for code in [ErrorCode::ProducerFenced, ErrorCode::InvalidTxnState] {
            let fenced = KrafkaError::broker(code, "");
            assert!(matches!(failed("writing", &fenced), SinkError::Fenced));
        }
        match failed("writing", &KrafkaError::broker(ErrorCode::UnknownServerError, "")) {
            SinkError::Failed(failed) => assert!(failed.unreachable, "{failed}"),
            other => unreachable!("{other}"),
        }
    }
}
