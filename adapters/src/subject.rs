//! What does a driver drive? A node, or one whose calls are recorded.

#[cfg(not(feature = "record"))]
pub(crate) use quidnunc_core::Node as Subject;
#[cfg(feature = "record")]
pub(crate) use quidnunc_record::Recorded as Subject;
