//! Ties by formula.
