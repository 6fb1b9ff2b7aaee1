//! HTTP/1.1 on sockets, as far as tests need it and no further: heads are read whole, answers are
//! written as a [`Delivery`](deliver::Delivery) says, true to the protocol or not.

pub(crate) mod body;
pub(crate) mod conn;
pub(crate) mod deliver;
pub(crate) mod head;
