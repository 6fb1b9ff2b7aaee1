//! Subjects by declaration: built, launched, made ready, ended.
