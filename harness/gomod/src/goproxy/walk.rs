//! Asking the proxies of a list one after the other.

use super::{End, FallBack, ProxyList};

/// The way in which a proxy failed to serve a file, which decides whether the next one is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Miss<E> {
    /// The proxy answers that the file does not exist (404, 410): the next one is asked.
    NotFound(E),
    /// Something else went wrong: the next one is asked after `|` only.
    Failed(E),
    /// No other proxy is to be asked, whatever the list says.
    Final(E),
}

/// No proxy of a list had the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfound<E> {
    /// The miss that says most: the final one, else the first that is not "does not exist", else the
    /// first. `None` when the list names no proxy.
    pub miss: Option<Miss<E>>,
    /// The end of the list, where the walk reached it; `None` when a miss stopped it.
    pub end: Option<End>,
}

/// A walk through a list, for one file. It gives the proxies to ask, as long as it gets each
/// that it missed.
#[derive(Debug)]
pub struct Walk<'a, P, E> {
    rest: std::slice::Iter<'a, (P, FallBack)>,
    end: End,
    fall_back: FallBack,
    unfound: Option<Miss<E>>,
    is_stopped: bool,
}

impl<P> ProxyList<P> {
    /// Begins a walk.
    #[must_use]
    pub fn walk<E>(&self) -> Walk<'_, P, E> {
        Walk {
            rest: self.proxies.iter(),
            end: self.end,
            fall_back: FallBack::NotFound,
            unfound: None,
            is_stopped: false,
        }
    }

    /// Asks one proxy after the other by the rules of the list, until one has it.
    ///
    /// # Errors
    /// When none has it.
    pub fn find<T, E>(
        &self,
        mut ask: impl FnMut(&P) -> Result<T, Miss<E>>,
    ) -> Result<T, Unfound<E>> {
        let mut walk = self.walk();
        while let Some(proxy) = walk.next() {
            match ask(proxy) {
                Ok(found) => return Ok(found),
                Err(miss) => walk.missed(miss),
            }
        }
        Err(walk.finish())
    }
}

impl<'a, P, E> Iterator for Walk<'a, P, E> {
    type Item = &'a P;

    /// The next proxy to ask.
    fn next(&mut self) -> Option<&'a P> {
        if self.is_stopped {
            return None;
        }
        let (proxy, fall_back) = self.rest.next()?;
        self.fall_back = *fall_back;
        Some(proxy)
    }
}

impl<P, E> Walk<'_, P, E> {
    /// The last proxy did not have it.
    pub fn missed(&mut self, miss: Miss<E>) {
        self.is_stopped = match miss {
            Miss::NotFound(_) => false,
            Miss::Failed(_) => self.fall_back == FallBack::NotFound,
            Miss::Final(_) => true,
        };
        let says_more = match (&self.unfound, &miss) {
            (None, _) | (_, Miss::Final(_)) => true,
            (Some(Miss::NotFound(_)), Miss::Failed(_)) => true,
            (Some(_), Miss::NotFound(_) | Miss::Failed(_)) => false,
        };
        if says_more {
            self.unfound = Some(miss);
        }
    }

    /// The error when no proxy had it.
    #[must_use]
    pub fn finish(self) -> Unfound<E> {
        Unfound { miss: self.unfound, end: (!self.is_stopped).then_some(self.end) }
    }
}
