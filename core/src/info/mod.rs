//! placeholder until merged with the store
pub(crate) mod spread;
