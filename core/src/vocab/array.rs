//! Arrays of any length for serde, which knows short ones only: as lists that must have that length.

use alloc::vec::Vec;

use serde::de::{Deserialize, Deserializer, Error};
use serde::{Serialize, Serializer};

pub(crate) fn serialize<T: Serialize, S: Serializer, const N: usize>(
    array: &[T; N],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    array.as_slice().serialize(serializer)
}

pub(crate) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>, const N: usize>(
    deserializer: D,
) -> Result<[T; N], D::Error> {
    let items = Vec::deserialize(deserializer)?;
    items.try_into().map_err(|items: Vec<T>| D::Error::invalid_length(items.len(), &"as many items as the array has"))
}
