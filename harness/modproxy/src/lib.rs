//! A Go module proxy.
