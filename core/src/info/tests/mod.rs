//! What does the room promise?
