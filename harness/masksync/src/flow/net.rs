//! The net effect of changes, key by key: the rows that staging loses, and those that it gets.
//!
//! Keys are those of staging. A row is taken away before any is put in its place, so unique values
//! can change hands between rows.

use std::collections::HashMap;

/// The net change of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect<K, R> {
    /// The key, as it is to be found in staging.
    pub key: K,
    /// Whether staging has a row of this key before the change.
    pub existed: bool,
    /// Whether the row is gone at the source, too, and not only filtered out.
    pub gone: bool,
    /// The row after the change; `None` where it is removed.
    pub row: Option<R>,
    /// The arrival of the row, for tables that others follow.
    pub came: Option<Came<K>>,
    /// The masked row before, where it is kept.
    pub before: Option<R>,
}

/// The arrival of a row in staging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Came<K> {
    /// The row's key at the source.
    pub key: K,
    /// Whether the source had no row of this key before, so that none can refer to it yet.
    pub fresh: bool,
}

impl<K, R> Effect<K, R> {
    /// An insert under a key that has no row.
    #[must_use]
    pub fn insert(key: K, row: R) -> Self {
        Self { key, existed: false, gone: false, row: Some(row), came: None, before: None }
    }

    /// A removal from staging of a row that stays at the source.
    #[must_use]
    pub fn leave(key: K) -> Self {
        Self { key, existed: true, gone: false, row: None, came: None, before: None }
    }
}

/// Two changes that cannot both be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the source inserts a row that is there already")]
pub struct Conflict;

/// Changes of one table.
#[derive(Clone, Debug)]
pub struct Net<K, R> {
    places: HashMap<Box<[u8]>, usize>,
    effects: Vec<Effect<K, R>>,
}

impl<K, R> Default for Net<K, R> {
    fn default() -> Self {
        Self { places: HashMap::new(), effects: Vec::new() }
    }
}

impl<K, R> Net<K, R> {
    /// Number of keys that change.
    #[must_use]
    pub fn len(&self) -> usize {
        self.effects.len()
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.effects.is_empty()
    }

    /// Adds an insert. With `tolerant`, a row that is there is replaced.
    ///
    /// # Errors
    /// When a row of this key is there.
    pub fn insert(
        &mut self,
        called: &[u8],
        key: K,
        row: R,
        came: Option<Came<K>>,
        tolerant: bool,
    ) -> Result<(), Conflict> {
        match self.find(called) {
            // The source cannot have two rows of one key, so events are missing or the masked keys
            // of two rows collide.
            Some(effect) if effect.row.is_some() && !tolerant => Err(Conflict),
            Some(effect) => {
                effect.row = Some(row);
                let fresh = effect.came.take().is_none_or(|before| before.fresh);
                effect.came = came.map(|came| Came { fresh: came.fresh && fresh, ..came });
                Ok(())
            }
            None => {
                self.add(called, Effect { existed: tolerant, came, ..Effect::insert(key, row) });
                Ok(())
            }
        }
    }

    /// A row that is there changes, but for its key.
    pub fn update(&mut self, called: &[u8], key: K, row: R, came: Option<Came<K>>) {
        match self.find(called) {
            Some(effect) => {
                effect.row = Some(row);
                effect.came = effect.came.take().or(came);
            }
            None => self.add(called, Effect { row: Some(row), came, ..Effect::leave(key) }),
        }
    }

    /// Adds a delete; `gone` says whether the row is deleted at the source, too.
    pub fn delete(&mut self, called: &[u8], key: K, gone: bool) {
        match self.find(called) {
            Some(effect) => {
                effect.row = None;
                effect.gone |= gone;
            }
            None => self.add(called, Effect { gone, ..Effect::leave(key) }),
        }
    }

    /// Records that a row which has left staging is deleted at the source, too.
    pub fn gone(&mut self, called: &[u8]) {
        if let Some(effect) = self.find(called) {
            effect.gone = true;
        }
    }

    /// Keeps the row that was there before the first change of a key, if a row was.
    pub fn keep(&mut self, called: &[u8], before: Option<R>) {
        if let Some(before) = before
            && let Some(effect) = self.find(called)
            && effect.existed
        {
            effect.before.get_or_insert(before);
        }
    }

    /// The effects, in the order in which keys first changed; nothing is left.
    pub fn take(&mut self) -> Vec<Effect<K, R>> {
        self.places.clear();
        std::mem::take(&mut self.effects)
    }

    fn find(&mut self, called: &[u8]) -> Option<&mut Effect<K, R>> {
        self.places.get(called).and_then(|place| self.effects.get_mut(*place))
    }

    fn add(&mut self, called: &[u8], effect: Effect<K, R>) {
        self.places.insert(called.into(), self.effects.len());
        self.effects.push(effect);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// An operation of the source on a key, whether or not the key has a row.
    #[derive(Clone, Copy, Debug)]
    struct Step {
        key: u8,
        value: u32,
        delete: bool,
        moves_to: Option<u8>,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = (0..6_u8, any::<u32>(), any::<bool>(), prop::option::of(0..6_u8));
        let step =
            step.prop_map(|(key, value, delete, moves_to)| Step { key, value, delete, moves_to });
        prop::collection::vec(step, 0..40)
    }

    /// Applies steps to a model, and the changes they are to a net.
    fn run(model: &mut BTreeMap<u8, u32>, net: &mut Net<u8, u32>, steps: &[Step]) {
        for step in steps {
            let called = [step.key];
            match (model.contains_key(&step.key), step.delete, step.moves_to) {
                (false, ..) => {
                    net.insert(&called, step.key, step.value, None, false).unwrap();
                    model.insert(step.key, step.value);
                }
                (true, true, _) => {
                    net.delete(&called, step.key, true);
                    model.remove(&step.key);
                }
                (true, false, Some(to)) if !model.contains_key(&to) => {
                    net.delete(&called, step.key, true);
                    net.insert(&[to], to, step.value, None, false).unwrap();
                    model.remove(&step.key);
                    model.insert(to, step.value);
                }
                _ => {
                    net.update(&called, step.key, step.value, None);
                    model.insert(step.key, step.value);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn the_net_effect_is_the_effect(first in steps(), second in steps()) {
            let (mut model, mut net) = (BTreeMap::new(), Net::default());
            let mut staging: BTreeMap<u8, u32> = BTreeMap::new();
            // Two batches: the second meets the rows of the first.
            for steps in [first, second] {
                run(&mut model, &mut net, &steps);
                let effects = net.take();
                // All deletes before any insert, as the sink has it.
                for effect in effects.iter().filter(|e| e.existed) {
                    prop_assert!(staging.remove(&effect.key).is_some());
                }
                for effect in effects {
                    if let Some(row) = effect.row {
                        prop_assert_eq!(staging.insert(effect.key, row), None);
                    }
                }
                prop_assert_eq!(&staging, &model);
            }
        }
    }

    #[test]
    fn a_second_insert_is_a_conflict_unless_it_is_a_replay() {
        let mut net = Net::default();
        net.insert(b"1", 1, "a", None, false).unwrap();
        assert_eq!(net.insert(b"1", 1, "b", None, false), Err(Conflict));
        net.insert(b"1", 1, "b", None, true).unwrap();
        assert_eq!(net.take(), [Effect::insert(1, "b")]);
        net.insert(b"2", 2, "c", None, true).unwrap();
        assert!(net.take()[0].existed);
    }

    #[test]
    fn the_row_before_the_first_change_is_kept() {
        let mut net = Net::default();
        net.update(b"1", 1, "b", None);
        net.keep(b"1", Some("a"));
        net.delete(b"1", 1, true);
        net.keep(b"1", Some("b"));
        net.insert(b"2", 2, "c", None, false).unwrap();
        net.update(b"2", 2, "d", None);
        net.keep(b"2", Some("c"));
        let kept: Vec<_> = net.take().into_iter().map(|effect| effect.before).collect();
        assert_eq!(kept, [Some("a"), None], "a row that is new has none before it");
    }
}
